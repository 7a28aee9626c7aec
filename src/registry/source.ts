import { KontenerError } from "../abi/error.ts";
import type { ContentSource, TransferEvent } from "../image/content.ts";
import { isIndexType, isManifestType, mediaTypes, type Descriptor } from "../oci/image-spec.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { blobStream } from "./blob.ts";
import { credentialsFor } from "./credentials.ts";
import { endpointsOf, type TrustOptions } from "./endpoint.ts";
import { Session } from "./session.ts";
import { readSettings } from "./settings.ts";
import { Passing } from "./wire.ts";

export type RegistryOptions = TrustOptions & {
  onEvent?: ((event: TransferEvent) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds: {@link SessionOptions}. */
  patience?: number | undefined;
  pause?: number | undefined;
  env?: Record<string, string | undefined>;
};

/** distribution-spec "Pushing Manifests": what a registry has to take; more than that is no manifest. */
const LARGEST_MANIFEST = 4 << 20;
const accepted = [...mediaTypes.manifest, ...mediaTypes.index].join(", ");

/** An image at a registry, or at the first of its mirrors that has it. Nothing is asked before `root` is. */
export function registrySource(
  reference: Reference,
  { env = process.env, onEvent, ...options }: RegistryOptions = {},
): ContentSource {
  const name = formatReference(reference);
  const { repository } = reference;
  const sessions = endpointsOf(reference, readSettings(env), options).map(
    (endpoint) =>
      new Session(endpoint, {
        ...options,
        name,
        scopes: [`repository:${repository}:pull`],
        credentials: () => credentialsFor(endpoint.registry, repository, env),
      }),
  );
  let chosen = sessions.at(-1)!;
  return {
    name,
    async root() {
      for (const session of sessions) {
        try {
          const root = await readRoot(session, reference);
          chosen = session;
          return root;
        } catch (error) {
          options.signal?.throwIfAborted();
          if (session === sessions.at(-1)) throw error;
        }
      }
      throw new Error("unreachable");
    },
    async read(descriptor) {
      const { mediaType } = descriptor;
      const kind = isManifestType(mediaType) || isIndexType(mediaType) ? "manifests" : "blobs";
      return await readSmall(chosen, `${repository}/${kind}/${descriptor.digest}`, descriptor);
    },
    stream: async (descriptor, offset, signal) =>
      blobStream(chosen, repository, descriptor, {
        offset,
        signal: signal ?? options.signal,
        onRetry: (reason) => onEvent?.({ type: "retry", digest: descriptor.digest, reason }),
      }),
  };
}

async function readRoot(session: Session, { repository, tag, digest }: Reference) {
  const { name } = session.options;
  const path = `${repository}/manifests/${digest ?? tag}`;
  return await session.retrying(async () => {
    using reply = await session.attempt(path, {
      step: "give the manifest",
      headers: { Accept: accepted },
    });
    const { headers } = reply.response;
    const bytes = await whole(session, reply.bytes(LARGEST_MANIFEST + 1));
    if (bytes.length > LARGEST_MANIFEST) throw damaged(name, "its manifest is larger than 4 MB");
    const actual = sha256(bytes);
    const told = digest ?? headers.get("Docker-Content-Digest") ?? actual;
    // A manifest that came in part, or another one: maybe the next attempt has better luck.
    if (told.startsWith("sha256:") && told !== actual)
      throw new Passing(
        damaged(name, `its manifest should have the digest ${told}, and has ${actual}`),
      );
    const mediaType = headers.get("Content-Type")?.split(";")[0]?.trim() ?? "";
    const descriptor: Descriptor = { mediaType, digest: actual, size: bytes.length };
    return { descriptor, bytes };
  });
}

/** A manifest of an index, or a config; the store verifies them, we ask again where they came in part. */
async function readSmall(session: Session, path: string, { digest, size }: Descriptor) {
  const { name } = session.options;
  if (size > LARGEST_MANIFEST) throw damaged(name, `${digest} is larger than 4 MB`);
  return await session.retrying(async () => {
    using reply = await session.attempt(path, {
      step: "give a part",
      headers: { Accept: `${accepted}, */*` },
    });
    const bytes = await whole(session, reply.bytes(size + 1));
    if (digest.startsWith("sha256:") && sha256(bytes) !== digest)
      throw new Passing(damaged(name, `${digest} came as something else, ${sha256(bytes)}`));
    return bytes;
  });
}

/** A body that broke off is asked for again. */
async function whole(session: Session, bytes: Promise<Uint8Array>): Promise<Uint8Array> {
  return await bytes.catch((error: unknown) => {
    session.options.signal?.throwIfAborted();
    throw new Passing(
      damaged(session.options.name, `the answer broke off: ${(error as Error).message}`),
    );
  });
}

const sha256 = (bytes: Uint8Array): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;

const damaged = (name: string, why: string): KontenerError =>
  new KontenerError(`${name}: ${why}`, {
    code: "IMAGE",
    hint: "it was not used; try again, or ask whoever runs the registry",
  });
