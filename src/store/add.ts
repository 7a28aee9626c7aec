import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { blobPath, type StoredImage, type StoredLayer } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import { mediaTypes, type Descriptor, type ImageFile, type Manifest } from "../oci/image-spec.ts";
import { writeBlob } from "./blobs.ts";
import { chainIds, chainName, layerName } from "./digests.ts";
import { layerUpon } from "./layer-upon.ts";
import { ensureLayer, findLayer } from "./layers.ts";
import { adding, withBlobLock } from "./lock.ts";
import { recordImage } from "./records.ts";
import { unpackLayer } from "./unpack-layer.ts";

/** A layer that was made here: what a manifest and a config say of it, and what lies in the store. */
export type AddedLayer = { descriptor: Descriptor; diffId: string; stored: StoredLayer };

export type LayerOptions = {
  paths: Paths;
  /** The layers below it, lowest first. */
  below: readonly AddedLayer[];
  say?: ((line: string) => void) | undefined;
};

const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";

/**
 * Keeps a tar archive (uncompressed, in the layers' form of image-spec layer.md) as a layer: its gzip as a blob, its files
 * unpacked. Until {@link addImage} makes an image of it, `image prune` may take it away: do both under `adding`.
 */
export async function addLayer(
  tar: AsyncIterable<Uint8Array>,
  { paths, below, say = () => {} }: LayerOptions,
): Promise<AddedLayer> {
  using packed = await compressLayer(tar, paths);
  const { descriptor, diffId } = packed;
  return await withBlobLock(descriptor.digest, paths, async () => {
    const archive = () =>
      Bun.file(packed.path).stream().pipeThrough(new DecompressionStream("gzip"));
    const chain = chainIds([...below.map((layer) => layer.diffId), diffId]).at(-1)!;
    const stored =
      findLayer(chainName(chain), paths) ??
      (await ensureLayer(layerName(diffId), diffId, paths, async (staging) => {
        const { size, contained } = await unpackLayer(archive(), `${staging}/rootfs`, say);
        return contained ? size : undefined;
      })) ??
      (await upon(below, chain, diffId, archive, paths, say));
    packed.keep(); // last: what is refused leaves nothing
    return { descriptor, diffId, stored };
  });
}

async function upon(
  below: readonly AddedLayer[],
  chain: string,
  diffId: string,
  archive: () => AsyncIterable<Uint8Array>,
  paths: Paths,
  say: (line: string) => void,
): Promise<StoredLayer> {
  const lower = [...new Set(below.map(({ stored }) => stored.name).toReversed())];
  return await layerUpon({ lower, name: chainName(chain), diffId, archive, paths, say });
}

type Packed = Disposable & { descriptor: Descriptor; diffId: string; path: string; keep(): void };

/** The archive as a file, gzip, while both of its digests are taken; gone at the end, unless it is kept as a blob. */
async function compressLayer(tar: AsyncIterable<Uint8Array>, paths: Paths): Promise<Packed> {
  let path = `${blobPath("sha256:", paths)}.new-${process.pid}-${Bun.randomUUIDv7()}`;
  const [whole, packed] = [new Bun.CryptoHasher("sha256"), new Bun.CryptoHasher("sha256")];
  const hashed = async function* () {
    for await (const chunk of tar) {
      whole.update(chunk);
      yield chunk;
    }
  };
  const fd = openSync(path, "wx", 0o600);
  let size = 0;
  try {
    const stream = new Response(hashed()).body!.pipeThrough(new CompressionStream("gzip"));
    for await (const chunk of stream) {
      packed.update(chunk);
      for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
      size += chunk.length;
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  const digest = `sha256:${packed.digest("hex")}`;
  return {
    descriptor: { mediaType: GZIP, digest, size },
    diffId: `sha256:${whole.digest("hex")}`,
    path,
    keep() {
      renameSync(path, blobPath(digest, paths));
      path = "";
    },
    [Symbol.dispose]() {
      if (path !== "") rmSync(path, { force: true });
    },
  };
}

/** Makes an image of layers (lowest first) and a config, whose `rootfs` is filled in. */
export async function addImage(
  config: Omit<ImageFile, "rootfs">,
  layers: readonly AddedLayer[],
  tags: readonly string[],
  paths: Paths,
): Promise<StoredImage> {
  return await adding(paths, async () => {
    const diffIds = layers.map(({ diffId }) => diffId);
    const file: ImageFile = { ...config, rootfs: { type: "layers", diff_ids: diffIds } };
    const bytes = new TextEncoder().encode(JSON.stringify(file));
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest[0],
      config: {
        mediaType: mediaTypes.config[0],
        digest: writeBlob(bytes, paths),
        size: bytes.length,
      },
      layers: layers.map(({ descriptor }) => descriptor),
    };
    const digest = writeBlob(new TextEncoder().encode(JSON.stringify(manifest)), paths);
    const stored = layers.map((layer) => layer.stored).toReversed();
    return recordImage(bytes, file, { digest, layers: stored }, tags, paths);
  });
}
