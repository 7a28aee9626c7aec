import { KontenerError } from "../abi/error.ts";
import type { ContentSink } from "../image/content.ts";
import type { Descriptor } from "../oci/image-spec.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { credentialsFor } from "./credentials.ts";
import { endpointsOf } from "./endpoint.ts";
import { Session } from "./session.ts";
import { readSettings } from "./settings.ts";
import type { RegistryOptions } from "./source.ts";

export type SinkOptions = RegistryOptions & {
  /** Repositories of the same registry that may have layers of this image: they are mounted from there, not sent. */
  mountFrom?: readonly string[];
};

const [CREATED, ACCEPTED, NOT_FOUND] = [201, 202, 404];

/** Puts an image into a registry (distribution-spec "Push"). Mirrors are not asked. */
export function registrySink(
  reference: Reference,
  { env = process.env, onEvent, mountFrom = [], ...options }: SinkOptions = {},
): ContentSink {
  const name = formatReference(reference);
  const { registry, repository } = reference;
  const others = mountFrom.filter((other) => other !== repository);
  const session = new Session(endpointsOf(reference, readSettings(env), options).at(-1)!, {
    ...options,
    name,
    scopes: [`repository:${repository}:pull,push`, ...others.map((o) => `repository:${o}:pull`)],
    credentials: () => credentialsFor(registry, repository, env),
  });
  return {
    name,
    async has({ digest }) {
      using reply = await session.request(`${repository}/blobs/${digest}`, {
        method: "HEAD",
        step: "say whether it has a layer",
        expected: [NOT_FOUND],
      });
      if (reply.response.status !== NOT_FOUND) return true;
      for (const other of others) if (await mount(session, repository, digest, other)) return true;
      return false;
    },
    async write(descriptor, open) {
      const { digest, size } = descriptor;
      onEvent?.({ type: "layer", digest, size, state: "started" });
      const retry = (reason: string) => onEvent?.({ type: "retry", digest, reason });
      const sent = (received: number) => onEvent?.({ type: "bytes", digest, received });
      await upload(session, repository, descriptor, open, sent, retry);
      onEvent?.({ type: "layer", digest, size, state: "done" });
    },
    async finish({ mediaType, digest }, bytes) {
      const target = reference.digest ?? reference.tag;
      if (reference.digest !== undefined && reference.digest !== digest)
        throw new KontenerError(`what is pushed has the digest ${digest}, not that of ${name}`, {
          code: "INVALID",
          hint: "push it under a tag",
        });
      using _reply = await session.request(`${repository}/manifests/${target}`, {
        method: "PUT",
        step: "take the manifest",
        headers: { "Content-Type": mediaType },
        body: () => bytes,
      });
    },
  };
}

/** distribution-spec "Mounting a blob from another repository": the registry may not, and opens an upload instead. */
async function mount(session: Session, repository: string, digest: string, from: string) {
  const query = new URLSearchParams({ mount: digest, from });
  using reply = await session.request(`${repository}/blobs/uploads/?${query}`, {
    method: "POST",
    step: "mount a layer",
    headers: { "Content-Length": "0" },
    expected: [CREATED, ACCEPTED, NOT_FOUND],
  });
  if (reply.response.status === CREATED) return true;
  // What it opened instead is given back: the next one to be asked may have the layer.
  const location = reply.response.headers.get("Location");
  if (location !== null)
    await session
      .attempt(new URL(location, reply.url), { method: "DELETE", step: "end an upload" })
      .then((answer) => answer[Symbol.dispose]())
      .catch(() => undefined); // registries need not support it; they forget uploads by themselves
  return false;
}

/** distribution-spec "POST then PUT". What breaks off starts over: registries keep half an upload, or do not. */
async function upload(
  session: Session,
  repository: string,
  { digest, size }: Descriptor,
  open: () => ReadableStream<Uint8Array>,
  sent: (bytes: number) => void,
  retry: (reason: string) => void,
): Promise<void> {
  const send = async () => {
    using begun = await session.attempt(`${repository}/blobs/uploads/`, {
      method: "POST",
      step: "begin to take a layer",
      headers: { "Content-Length": "0" },
    });
    const location = begun.response.headers.get("Location");
    if (location === null)
      throw new KontenerError(`${session.endpoint.registry} does not say where a layer goes`, {
        code: "IMAGE",
      });
    const url = new URL(location, begun.url);
    url.searchParams.set("digest", digest);
    using _done = await session.attempt(url, {
      method: "PUT",
      step: "take a layer",
      headers: { "Content-Type": "application/octet-stream", "Content-Length": String(size) },
      body: (alive) => counted(open(), alive, sent),
    });
  };
  await session.retrying(send, { onRetry: retry });
}

function counted(
  stream: ReadableStream<Uint8Array>,
  alive: () => void,
  sent: (bytes: number) => void,
): ReadableStream<Uint8Array> {
  let bytes = 0;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        alive();
        sent((bytes += chunk.length));
        controller.enqueue(chunk);
      },
    }),
  );
}
