import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import {
  blobPath,
  layersDirectory,
  recordsDirectory,
  storeDirectory,
  tagsDirectory,
  type StoredImage,
} from "../image/stored.ts";
import { KontenerError } from "../abi/error.ts";
import { removeTree } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { Manifest } from "../oci/image-spec.ts";
import { readBlob } from "./blobs.ts";
import { listStored } from "./records.ts";

/** What an image is made of, by its names in the store. */
export type Reached = { blobs: Set<string>; layers: Set<string> };

export function reachedBy(images: readonly StoredImage[], paths: Paths): Reached {
  const reached: Reached = { blobs: new Set(), layers: new Set() };
  for (const { id, digest, layers } of images) {
    for (const { name } of layers) reached.layers.add(name);
    for (const blob of [id, digest, ...layerBlobs(digest, paths)]) reached.blobs.add(blob);
  }
  return reached;
}

function layerBlobs(manifest: string, paths: Paths): string[] {
  try {
    const { layers } = JSON.parse(readBlob(manifest, paths).toString()) as Manifest;
    return layers.map(({ digest }) => digest);
  } catch (error) {
    if (error instanceof KontenerError) return []; // somebody has removed it: there is nothing to save or push
    throw error;
  }
}

export type Swept = { bytes: number };

type Choice = {
  /** Beginnings of downloads too. */
  parts: boolean;
  /** Of these only: what one image has had. */
  only?: Reached;
};

/**
 * Removes what no record of an image reaches, and what those that were killed have left. Only under `alone`: nobody is
 * adding then. It may be killed at any point: what is left is garbage still.
 */
export function sweep(paths: Paths, { parts, only }: Choice): Swept {
  restoreAside(paths);
  let torn = false;
  const images = listStored(paths, () => (torn = true)).map(({ image }) => image);
  // What a record that cannot be read reaches is not known: nothing that is whole may go.
  const kept = torn ? undefined : reachedBy(images, paths);
  return { bytes: sweepBlobs(kept, paths, parts, only) + sweepLayers(kept, paths, only) };
}

/** Records that a removal had put aside when it was killed: it had not made up its mind yet. */
function restoreAside(paths: Paths): void {
  const directory = recordsDirectory(paths);
  for (const name of names(directory))
    if (name.startsWith(".old-"))
      renameSync(`${directory}/${name}`, `${directory}/${name.slice(".old-".length)}`);
}

function sweepBlobs(
  kept: Reached | undefined,
  paths: Paths,
  parts: boolean,
  only: Reached | undefined,
): number {
  let bytes = 0;
  for (const name of names(blobPath("sha256:", paths))) {
    const path = blobPath(`sha256:${name}`, paths);
    const digest = `sha256:${name}`;
    const whole = /^[0-9a-f]{64}$/.test(name);
    const garbage = whole
      ? kept && !kept.blobs.has(digest) && (only?.blobs.has(digest) ?? true)
      : name.startsWith(".part-")
        ? parts
        : !only;
    if (!garbage) continue;
    bytes += statSync(path).size;
    rmSync(path);
  }
  return bytes;
}

function sweepLayers(kept: Reached | undefined, paths: Paths, only: Reached | undefined): number {
  const directory = layersDirectory(paths);
  let bytes = 0;
  for (const name of names(directory).filter((entry) => !entry.endsWith(".json"))) {
    const whole = !name.startsWith(".");
    const garbage = whole
      ? kept && !kept.layers.has(name) && (only?.layers.has(name) ?? true)
      : !only;
    if (!garbage) continue;
    // Out of sight at once: half a layer would be taken for one.
    const old = whole ? `${directory}/.old-${name}` : `${directory}/${name}`;
    if (whole) {
      renameSync(`${directory}/${name}`, old);
      bytes += takeSize(`${directory}/${name}.json`);
    }
    removeTree(old);
  }
  if (!only) sweepRemains(paths);
  return bytes;
}

/** Files that something which was killed had begun to write, sizes of layers that never came, locks that nobody has. */
function sweepRemains(paths: Paths): void {
  const layers = layersDirectory(paths);
  for (const name of names(layers)) {
    const layer = /^(.+)\.json$/.exec(name)?.[1];
    if (layer !== undefined && !existsSync(`${layers}/${layer}`)) rmSync(`${layers}/${name}`);
  }
  for (const name of names(recordsDirectory(paths)))
    if (name.startsWith(".")) rmSync(`${recordsDirectory(paths)}/${name}`);
  for (const name of names(tagsDirectory(paths), true))
    if (/(^|\/)\.new-\d+$/.test(name)) rmSync(`${tagsDirectory(paths)}/${name}`);
  for (const name of names(storeDirectory(paths)))
    if (name.startsWith(".load-")) rmSync(`${storeDirectory(paths)}/${name}`);
  for (const name of names(`${storeDirectory(paths)}/locks`))
    rmSync(`${storeDirectory(paths)}/locks/${name}`);
}

function takeSize(file: string): number {
  const size = sizeIn(file);
  rmSync(file, { force: true });
  return size;
}

function sizeIn(file: string): number {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { size: number }).size;
  } catch {
    return 0; // torn
  }
}

function names(directory: string, recursive = false): string[] {
  try {
    return readdirSync(directory, { recursive }) as string[];
  } catch {
    return [];
  }
}
