import { KontenerError } from "../abi/error.ts";
import { archOf } from "../abi/syscall.ts";
import type { Image } from "../image/image.ts";
import { lookUp } from "../image/look-up.ts";
import { Notes } from "../image/notes.ts";
import { isImageName, readRecord } from "../image/record.ts";
import { findImage, isBuiltin } from "../image/store.ts";
import { layerDirectory, type StoredImage } from "../image/stored.ts";
import { tarTree } from "../image/tar-tree.ts";
import type { Paths } from "../linux/paths.ts";
import type { ImageFile, Manifest, Platform } from "../oci/image-spec.ts";
import { hostPlatform } from "../oci/platform.ts";
import { addLayer, type AddedLayer } from "../store/add.ts";
import { readBlob } from "../store/blobs.ts";
import { recall, remember, stepKey } from "./cache.ts";

/** What an image is built on: its layers, lowest first, and its config without them. */
export type Base = { file: Omit<ImageFile, "rootfs">; layers: AddedLayer[] };

export const emptyBase = (): Base => ({ file: hostPlatform(archOf(process.arch)), layers: [] });

/** The directories that an overlay of a base is made of, uppermost first. */
export const directoriesOf = (layers: readonly AddedLayer[], paths: Paths): string[] => [
  ...new Set(layers.map(({ stored }) => layerDirectory(stored.name, paths)).toReversed()),
];

/** How an image of a registry is come by. */
export type Supply = {
  paths: Paths;
  /** Gets an image from its registry. */
  pull(name: string): Promise<void>;
  /** Do that also where the image is here. */
  pullAlways: boolean;
  say(line: string): void;
};

/** An image that is not here, or under that name only for another machine, comes from its registry, as for `run`. */
export async function getBase(name: string, supply: Supply): Promise<Base> {
  const { paths, say, pull, pullAlways } = supply;
  const prepared = isBuiltin(name) || (isImageName(name) && readRecord(name, paths) !== undefined);
  const here = prepared ? undefined : lookUp(name, paths);
  const named = here?.name !== undefined;
  if (!prepared && (!here || (named && (pullAlways || !isForHere(here.image.platform)))))
    await pull(name);
  return await openBase(name, paths, say);
}

function isForHere({ os, architecture }: Platform): boolean {
  const here = hostPlatform(archOf(process.arch));
  return os === here.os && architecture === here.architecture;
}

/**
 * An image that is here as something to build on. One that was prepared from a directory or an archive gets a layer of its
 * own in the store, once. Under `adding`.
 *
 * @throws KontenerError NOT_FOUND; UNSUPPORTED for `host`, which is mounted from the host
 */
export async function openBase(
  word: string,
  paths: Paths,
  say: (line: string) => void,
): Promise<Base> {
  // A name without a registry is first that of a prepared image, as for `run`.
  const image = await findImage(isImageName(word) ? word : word.replace(/:latest$/, ""), paths);
  if (image.id === undefined) return await layerOfPrepared(image, paths, say);
  return storedBase(lookUp(image.id, paths)!.image, paths);
}

function storedBase({ id, digest, layers }: StoredImage, paths: Paths): Base {
  const { rootfs, ...file } = JSON.parse(readBlob(id, paths).toString()) as ImageFile;
  const manifest = JSON.parse(readBlob(digest, paths).toString()) as Manifest;
  const stored = layers.toReversed();
  return {
    file,
    layers: manifest.layers.map((descriptor, i) => ({
      descriptor,
      diffId: rootfs.diff_ids[i]!,
      stored: stored[i]!,
    })),
  };
}

async function layerOfPrepared(
  { name, layers, mounts, config }: Image,
  paths: Paths,
  say: (line: string) => void,
): Promise<Base> {
  const [rootfs] = layers;
  if (mounts.length > 0 || rootfs === undefined)
    throw new KontenerError(`image ${name} is mounted from the host: it has nothing to build on`, {
      code: "UNSUPPORTED",
      hint: "take an image that is stored here, say busybox",
    });
  const key = stepKey("prepared", readRecord(name, paths));
  const { created } = readRecord(name, paths) ?? { created: new Date().toISOString() };
  let layer = recall(key, paths)?.layer;
  if (!layer) {
    layer = await addLayer(tarTree(rootfs, new Notes(say)), { paths, below: [], say });
    remember(key, { layer, created }, paths);
  }
  const history = [{ created, created_by: `kontener prepare ${name}` }];
  return {
    file: { ...hostPlatform(archOf(process.arch)), created, config, history },
    layers: [layer],
  };
}
