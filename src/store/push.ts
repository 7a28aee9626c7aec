import type { ContentSink } from "../image/content.ts";
import { blobPath, type StoredImage } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import { mediaTypes, type Descriptor, type Manifest } from "../oci/image-spec.ts";
import { readBlob } from "./blobs.ts";
import { adding } from "./lock.ts";
import { Places } from "./places.ts";

const PARALLEL = 3;

/**
 * Sends an image as it came, byte for byte: layers, config, and last the manifest. Nothing of it is removed meanwhile. A layer
 * that lies with its maker (image-spec descriptor.md "urls") is not ours to pass on: as in docker, the manifest alone names it.
 */
export async function pushImage(
  { digest }: StoredImage,
  sink: ContentSink,
  {
    paths,
    onLayer = () => {},
  }: { paths: Paths; onLayer?: (descriptor: Descriptor, sent: boolean) => void },
): Promise<Descriptor> {
  return await adding(paths, async () => {
    const bytes = readBlob(digest, paths);
    const manifest = JSON.parse(bytes.toString()) as Manifest;
    const places = new Places(PARALLEL);
    const own = [...manifest.layers.filter(({ urls = [] }) => urls.length === 0), manifest.config];
    const blobs = new Map(own.map((blob) => [blob.digest, blob]));
    await Promise.all(
      [...blobs.values()].map((blob) =>
        places.take(async () => {
          const there = await sink.has(blob);
          if (!there) await sink.write(blob, () => Bun.file(blobPath(blob.digest, paths)).stream());
          onLayer(blob, !there);
        }),
      ),
    );
    const descriptor: Descriptor = {
      mediaType: manifest.mediaType ?? mediaTypes.manifest[0],
      digest,
      size: bytes.length,
    };
    await sink.finish(descriptor, bytes);
    return descriptor;
  });
}
