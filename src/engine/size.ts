import { lstatSync, readdirSync } from "node:fs";
import { overlayPaths } from "../oci/overlay.ts";
import type { Entry } from "./list.ts";

/** Bytes on the disk that a container has written over its image; 0 where it writes elsewhere (`--rootfs`). */
export function writtenBytes({ record }: Entry): number {
  return record.scratch === null ? 0 : bytesIn(overlayPaths(record.scratch).upper);
}

/** Bytes on the disk of all files in a directory; 0 where there is none. */
export function bytesIn(directory: string): number {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return 0; // removed meanwhile, or never there
  }
  let bytes = 0;
  for (const name of names) {
    const stat = lstatSync(`${directory}/${name}`, { throwIfNoEntry: false });
    if (stat?.isFile()) bytes += 512 * stat.blocks;
    else if (stat?.isDirectory()) bytes += bytesIn(`${directory}/${name}`);
  }
  return bytes;
}
