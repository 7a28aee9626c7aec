import { KontenerError } from "../abi/error.ts";
import { exists, isErrno, readText, tryList, tryReadText } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { Platform } from "../oci/image-spec.ts";
import type { Image, ImageConfig } from "./image.ts";

/**
 * The content-addressed store as `run` reads it; `src/store/` writes it.
 *
 *   <lib>/store/blobs/sha256/<hex>      manifests, configs and layers, as registries have them
 *   <lib>/store/l/<name>/               an unpacked layer: a lower directory of overlayfs. A short path, because all of an
 *                                       image's have to fit into the 4096 bytes of mount(2)'s options
 *   <lib>/store/l/<name>.json           how large it is
 *   <lib>/store/images/<hex>.json       all that a start needs to know of an image, under its config's digest
 *   <lib>/store/tags/<repository>/:TAG  the digest of that config; `@sha256:…` for a digest that was asked for
 *
 * There are no counters: what no record of an image reaches is garbage, so a crash cannot leave a wrong count.
 */
export type StoredImage = {
  /** The config's digest: docker's IMAGE ID. */
  id: string;
  /** The manifest's. */
  digest: string;
  /** Uppermost first. */
  layers: StoredLayer[];
  /** ISO 8601, as its maker has it. */
  created?: string;
  platform: Platform;
  config: ImageConfig;
};

export type StoredLayer = {
  /** Below `l/`. */
  name: string;
  /** Of the archive, uncompressed. */
  diffId: string;
  /** Bytes of its files. */
  size: number;
};

export const storeDirectory = (paths: Paths): string => `${paths.lib}/store`;
export const layersDirectory = (paths: Paths): string => `${storeDirectory(paths)}/l`;
export const layerDirectory = (name: string, paths: Paths): string =>
  `${layersDirectory(paths)}/${name}`;
export const recordsDirectory = (paths: Paths): string => `${storeDirectory(paths)}/images`;
export const tagsDirectory = (paths: Paths): string => `${storeDirectory(paths)}/tags`;

export const recordFile = (id: string, paths: Paths): string =>
  `${recordsDirectory(paths)}/${id.slice("sha256:".length)}.json`;

/** Where a blob is, or would be. */
export const blobPath = (digest: string, paths: Paths): string =>
  `${storeDirectory(paths)}/blobs/${digest.replace(":", "/")}`;

/** `registry/repository` and `:tag` or `@digest` of a whole reference (distribution's reference grammar). */
export function splitReference(reference: string): { repository: string; label: string } {
  const at = reference.indexOf("@");
  const cut = at >= 0 ? at : reference.lastIndexOf(":");
  return { repository: reference.slice(0, cut), label: reference.slice(cut) };
}

/** The file of a tag. `reference` is whole, and sound: no part of it is `..` (`parseReference`). */
export function tagFile(reference: string, paths: Paths): string {
  const { repository, label } = splitReference(reference);
  return `${tagsDirectory(paths)}/${repository}/${label}`;
}

/** The id that a whole reference has here. */
export const readTag = (reference: string, paths: Paths): string | undefined =>
  tryReadText(tagFile(reference, paths))?.trim();

/** @throws KontenerError `IMAGE` where the record is torn */
export function readStored(id: string, paths: Paths): StoredImage | undefined {
  const file = recordFile(id, paths);
  try {
    const record = JSON.parse(readText(file)) as StoredImage;
    if (record.id === id && Array.isArray(record.layers)) return record;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new KontenerError(`${file} is not an image's record`, {
    code: "IMAGE",
    hint: "remove it, and pull the image again",
  });
}

/** @throws KontenerError `NOT_FOUND` where an image that was there a moment ago has been removed */
export function confirmStored(id: string, paths: Paths): void {
  if (exists(recordFile(id, paths))) return;
  throw new KontenerError(`image ${id.slice(7, 19)} has just been removed`, { code: "NOT_FOUND" });
}

/** Ids of all images here. */
export const storedIds = (paths: Paths): string[] =>
  tryList(recordsDirectory(paths))
    .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
    .map((name) => `sha256:${name.slice(0, 64)}`);

/**
 * The ids that begin like this: `sha256:…`, or at least some of the digits. A whole one is looked up without a listing.
 */
export function idsLike(word: string, paths: Paths): string[] {
  const digits = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(word)?.[1];
  if (digits === undefined) return [];
  const whole = `sha256:${digits}`;
  if (digits.length === 64) return exists(recordFile(whole, paths)) ? [whole] : [];
  return storedIds(paths).filter((id) => id.startsWith(whole));
}

/** As a container is started from it. */
export const asImage = (
  { id, layers, config }: StoredImage,
  name: string,
  paths: Paths,
): Image => ({
  name,
  id,
  layers: layers.map((layer) => layerDirectory(layer.name, paths)),
  mounts: [],
  config,
});
