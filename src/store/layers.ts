import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { layerDirectory, layersDirectory, type StoredLayer } from "../image/stored.ts";
import { withLayerLock } from "./lock.ts";
import type { Paths } from "../linux/paths.ts";

const staging = (name: string, paths: Paths): string => `${layersDirectory(paths)}/.tmp-${name}`;

/** A layer that is there, whole; undefined where it is not. */
export function findLayer(name: string, paths: Paths): StoredLayer | undefined {
  if (!existsSync(layerDirectory(name, paths))) return undefined;
  const text = readFileSync(`${layerDirectory(name, paths)}.json`, "utf8");
  return { name, ...(JSON.parse(text) as Omit<StoredLayer, "name">) };
}

/**
 * The layer of that name; where it is not there, `fill` makes it in `rootfs` of a directory that is nobody else's, and
 * says how large it is, or undefined to give up. All or nothing: it takes its place in one rename.
 */
export async function ensureLayer(
  name: string,
  diffId: string,
  paths: Paths,
  fill: (staging: string) => Promise<number | undefined>,
): Promise<StoredLayer | undefined> {
  return await withLayerLock(name, paths, async () => {
    const there = findLayer(name, paths);
    if (there) return there;
    const directory = staging(name, paths);
    await rm(directory, { recursive: true, force: true }); // of one that was killed: its lock was free
    try {
      mkdirSync(`${directory}/rootfs`, { recursive: true });
      chmodSync(`${directory}/rootfs`, 0o755);
      const size = await fill(directory);
      if (size === undefined) return undefined;
      writeFileSync(`${layerDirectory(name, paths)}.json`, JSON.stringify({ diffId, size }));
      renameSync(`${directory}/rootfs`, layerDirectory(name, paths));
      return { name, diffId, size };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}
