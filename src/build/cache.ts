import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { blobPath, storeDirectory } from "../image/stored.ts";
import { exists } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { AddedLayer } from "../store/add.ts";
import { sha256 } from "../store/digests.ts";
import { findLayer } from "../store/layers.ts";

/*
 * The build cache holds no files: `<lib>/store/build/<key>.json` says which layer a step has made. A layer that no image has
 * goes with `image prune`; then its entry is worth nothing, and the next build removes it.
 */

/** What a step has made, and when: an image that comes from the cache has the times, and so the id, of the first one. */
export type Cached = {
  /** null: the step has changed no file. */
  layer: AddedLayer | null;
  /** ISO 8601. */
  created: string;
};

const cacheDirectory = (paths: Paths): string => `${storeDirectory(paths)}/build`;
const entryFile = (key: string, paths: Paths): string =>
  `${cacheDirectory(paths)}/${key.slice("sha256:".length)}.json`;

/** The key of a step: of all that came before it, of what it does, and of the content of the files that it reads. */
export const stepKey = (parent: string, step: unknown, content: string = ""): string =>
  sha256(JSON.stringify([parent, step, content]));

/** What a step has made before; undefined where it has not, or where that is gone. */
export function recall(key: string, paths: Paths): Cached | undefined {
  const cached = readEntry(entryFile(key, paths));
  return cached && isThere(cached, paths) ? cached : undefined;
}

function readEntry(file: string): Cached | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Cached;
  } catch {
    return undefined; // not there, or torn by a power cut
  }
}

const isThere = ({ layer }: Cached, paths: Paths): boolean =>
  layer === null ||
  (exists(blobPath(layer.descriptor.digest, paths)) &&
    findLayer(layer.stored.name, paths) !== undefined);

export function remember(key: string, made: Cached, paths: Paths): void {
  mkdirSync(cacheDirectory(paths), { recursive: true });
  const file = entryFile(key, paths);
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(made), { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
}

/** Removes all entries: the next build does each step again. */
export const forgetAll = (paths: Paths): void =>
  rmSync(cacheDirectory(paths), { recursive: true, force: true });

/** Removes the entries whose layers are gone. */
export function forgetLost(paths: Paths): void {
  const directory = cacheDirectory(paths);
  if (!exists(directory)) return;
  for (const name of readdirSync(directory)) {
    const writer = /\.(\d+)$/.exec(name)?.[1];
    if (writer !== undefined && exists(`/proc/${writer}`)) continue;
    const cached = readEntry(`${directory}/${name}`);
    if (!cached || !isThere(cached, paths)) rmSync(`${directory}/${name}`, { force: true });
  }
}
