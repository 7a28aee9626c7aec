import type { StoredImage } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import type { History, ImageFile, Manifest } from "../oci/image-spec.ts";
import { familiarName } from "../oci/reference.ts";
import { readBlob } from "./blobs.ts";
import { referencesOf } from "./records.ts";

/** The bytes of an image's files, unpacked. */
export const sizeOf = ({ layers }: StoredImage): number =>
  layers.reduce((sum, { size }) => sum + size, 0);

export const imageFile = ({ id }: StoredImage, paths: Paths): ImageFile =>
  JSON.parse(readBlob(id, paths).toString()) as ImageFile;

/** An image as `docker image inspect` shows it. */
export function describeImage(image: StoredImage, paths: Paths) {
  const file = imageFile(image, paths);
  const references = referencesOf(image.id, paths).map(familiarName);
  const { variant } = image.platform;
  return {
    Id: image.id,
    RepoTags: references.filter((name) => !name.includes("@")),
    RepoDigests: references.filter((name) => name.includes("@")),
    Created: image.created ?? "",
    Author: file.author ?? "",
    Config: image.config,
    Architecture: image.platform.architecture,
    ...(variant === undefined ? {} : { Variant: variant }),
    Os: image.platform.os,
    Size: sizeOf(image),
    Manifest: image.digest,
    RootFS: { Type: "layers", Layers: file.rootfs.diff_ids },
  };
}

/** A step of an image's history: `size` of its layer, unpacked; of one that made none, 0. */
export type Step = Pick<History, "created" | "created_by" | "comment"> & { size: number };

/** How an image was made, the last step first, as far as its maker has told (config.md, "history"). */
export function historyOf(image: StoredImage, paths: Paths): Step[] {
  const { history = [], rootfs } = imageFile(image, paths);
  // A layer that is there twice lies below only once: sizes are found by diff id.
  const sizes = new Map(image.layers.map(({ diffId, size }) => [diffId, size]));
  const told = history.length > 0 ? history : rootfs.diff_ids.map((): History => ({}));
  let next = 0;
  return told
    .map(({ created, created_by, comment, empty_layer }) => ({
      ...(created === undefined ? {} : { created }),
      ...(created_by === undefined ? {} : { created_by }),
      ...(comment === undefined ? {} : { comment }),
      size: empty_layer ? 0 : (sizes.get(rootfs.diff_ids[next++] ?? "") ?? 0),
    }))
    .toReversed();
}

export const manifestOf = ({ digest }: StoredImage, paths: Paths): Manifest =>
  JSON.parse(readBlob(digest, paths).toString()) as Manifest;
