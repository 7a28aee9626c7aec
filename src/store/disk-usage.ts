import { readdirSync, statSync } from "node:fs";
import { blobPath } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import { listStored } from "./records.ts";
import { reachedBy } from "./sweep.ts";
import type { Users } from "./remove.ts";

export type DiskUsage = {
  images: number;
  /** Of them, those that containers were made from. */
  active: number;
  /** Bytes of all layers, each counted once. */
  unpacked: number;
  /** Bytes of all blobs. */
  blobs: number;
  /** Bytes that `image prune --all` would give back. */
  reclaimable: number;
};

/** What the store takes of the disk. */
export function diskUsage(paths: Paths, users: Users): DiskUsage {
  const listed = listStored(paths, () => {}).map(({ image }) => image);
  const used = listed.filter(({ id }) => users(id).length > 0);
  const sizes = new Map(
    listed.flatMap(({ layers }) => layers.map((l) => [l.name, l.size] as const)),
  );
  const needed = reachedBy(used, paths);
  let [unpacked, blobs, kept] = [0, 0, 0];
  for (const [name, size] of sizes) {
    unpacked += size;
    if (needed.layers.has(name)) kept += size;
  }
  for (const name of blobNames(paths)) {
    const size = statSync(blobPath(`sha256:${name}`, paths), { throwIfNoEntry: false })?.size ?? 0;
    blobs += size;
    if (needed.blobs.has(`sha256:${name}`)) kept += size;
  }
  const reclaimable = unpacked + blobs - kept;
  return { images: listed.length, active: used.length, unpacked, blobs, reclaimable };
}

function blobNames(paths: Paths): string[] {
  try {
    return readdirSync(blobPath("sha256:", paths));
  } catch {
    return []; // no store yet
  }
}
