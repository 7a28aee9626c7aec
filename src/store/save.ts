import { blobPath, splitReference, type StoredImage } from "../image/stored.ts";
import { padding, tarEnd, tarHead } from "../image/tar-writer.ts";
import type { Paths } from "../linux/paths.ts";
import { mediaTypes, type Descriptor, type Index } from "../oci/image-spec.ts";
import { readBlob } from "./blobs.ts";
import { manifestOf } from "./describe.ts";
import { adding } from "./lock.ts";

/** An image, and the names that it is to have where it is loaded; whole. */
export type Saved = { image: StoredImage; names: string[] };

export type ArchiveFormat = "oci-archive" | "docker-archive";

const epoch = { seconds: 0, nanoseconds: 0 };

/**
 * Images as a tar archive: an OCI layout (image-spec image-layout.md), and for `docker-archive` a manifest.json beside it, by
 * which older readers find the same blobs, as docker writes it since 25. Blobs are as they came; the same images always give
 * the same archive.
 */
export async function* saveImages(
  images: readonly Saved[],
  format: ArchiveFormat,
  paths: Paths,
): AsyncGenerator<Uint8Array> {
  const files = new Map<string, Uint8Array | { path: string; size: number }>();
  for (const { image } of images)
    for (const { digest, size } of blobsOf(image, paths))
      files.set(inArchive(digest), { path: blobPath(digest, paths), size });
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  files.set("index.json", json(indexOf(images, paths)));
  if (format === "docker-archive") files.set("manifest.json", json(dockerManifest(images, paths)));
  files.set("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  for (const directory of ["blobs/", "blobs/sha256/"])
    yield tarHead({
      type: "directory",
      path: directory,
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: epoch,
    });
  for (const [path, file] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const size = file instanceof Uint8Array ? file.length : file.size;
    yield tarHead({ type: "file", path, mode: 0o644, uid: 0, gid: 0, mtime: epoch, size });
    if (file instanceof Uint8Array) yield file;
    else yield* Bun.file(file.path).stream();
    yield padding(size);
  }
  yield tarEnd();
}

/** Writes them where they are wanted, while nothing is removed from the store. */
export const saving = (
  images: readonly Saved[],
  format: ArchiveFormat,
  paths: Paths,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> =>
  adding(paths, async () => {
    for await (const bytes of saveImages(images, format, paths)) await write(bytes);
  });

const inArchive = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

function blobsOf(image: StoredImage, paths: Paths): Pick<Descriptor, "digest" | "size">[] {
  const { config, layers } = manifestOf(image, paths);
  const size = readBlob(image.digest, paths).length;
  return [{ digest: image.digest, size }, config, ...layers];
}

function indexOf(images: readonly Saved[], paths: Paths): Index {
  const manifests = images.flatMap(({ image, names }): Descriptor[] => {
    const descriptor: Descriptor = {
      mediaType: manifestOf(image, paths).mediaType ?? mediaTypes.manifest[0],
      digest: image.digest,
      size: readBlob(image.digest, paths).length,
      platform: image.platform,
    };
    const named = names.map((name) => ({
      ...descriptor,
      annotations: {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": splitReference(name).label.slice(1),
      },
    }));
    return named.length > 0 ? named : [descriptor];
  });
  return { schemaVersion: 2, mediaType: mediaTypes.index[0], manifests };
}

const dockerManifest = (images: readonly Saved[], paths: Paths) =>
  images.map(({ image, names }) => {
    const { config, layers } = manifestOf(image, paths);
    return {
      Config: inArchive(config.digest),
      RepoTags: names, // whole: a short one is localhost/… to podman
      Layers: layers.map(({ digest }) => inArchive(digest)),
    };
  });
