import type { ContentSource } from "../../../src/image/content.ts";
import type { ImageFile, Manifest } from "../../../src/oci/image-spec.ts";
import { sha256 } from "../../../src/store/digests.ts";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export type FakeLayer = { tar: Uint8Array; blob?: Uint8Array; diffId?: string };

/** What the source was asked for, and what it does wrong. */
export type Behaviour = {
  asked: { digest: string; offset: number }[];
  /** After so many bytes of all layers together the connection breaks. */
  breakAfter?: number;
  chunk?: number;
  tamper?(digest: string, bytes: Uint8Array): Uint8Array;
  /** Before each chunk. */
  pause?(): Promise<void>;
};

/** An image of layers (lowest first), and a source that has it. */
export function fakeSource(
  layers: readonly FakeLayer[],
  behaviour: Behaviour = { asked: [] },
  config: Partial<ImageFile> = {},
): ContentSource {
  const blobs = new Map<string, Uint8Array>();
  const keep = (bytes: Uint8Array, mediaType: string) => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const file: ImageFile = {
    os: "linux",
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    rootfs: { type: "layers", diff_ids: layers.map(({ tar, diffId }) => diffId ?? sha256(tar)) },
    ...config,
  };
  const manifest: Manifest = {
    schemaVersion: 2,
    config: keep(json(file), "application/vnd.oci.image.config.v1+json"),
    layers: layers.map(({ tar, blob }) =>
      keep(blob ?? Bun.gzipSync(Buffer.from(tar)), "application/vnd.oci.image.layer.v1.tar+gzip"),
    ),
  };
  const root = keep(json(manifest), "application/vnd.oci.image.manifest.v1+json");
  const get = (digest: string): Uint8Array => {
    const bytes = blobs.get(digest)!;
    return behaviour.tamper?.(digest, bytes) ?? bytes;
  };
  let sent = 0;
  return {
    name: "registry.example/fake:1",
    root: async () => ({ descriptor: root, bytes: get(root.digest) }),
    read: async ({ digest }) => get(digest),
    async stream({ digest }, offset) {
      behaviour.asked.push({ digest, offset });
      const bytes = get(digest);
      let at = offset;
      return new ReadableStream({
        async pull(controller) {
          await behaviour.pause?.();
          const most = behaviour.breakAfter ?? Number.POSITIVE_INFINITY;
          const size = Math.min(behaviour.chunk ?? 65_536, most - sent, bytes.length - at);
          if (at === bytes.length) controller.close();
          else if (size <= 0) controller.error(new Error("the connection broke"));
          else {
            controller.enqueue(bytes.slice(at, at + size));
            at += size;
            sent += size;
          }
        },
      });
    },
  };
}
