import { readdirSync, lstatSync } from "node:fs";
import type { Entry } from "./list.ts";
import { ownLayer } from "./own-layer.ts";

/** A: added, C: changed, D: deleted, as docker says it. */
export type Change = { kind: "A" | "C" | "D"; path: string };

/**
 * What a container has written over its image, by the overlay's upper directory (Documentation/filesystems/overlayfs.rst):
 * a character device 0/0 there is the mark of something deleted.
 */
export async function diffContainer(entry: Entry): Promise<Change[]> {
  const { upper, layers } = await ownLayer(entry);
  const inImage = (path: string) => layers.some((layer) => kindOf(layer + path) !== "none");
  return walk(upper, "", inImage);
}

function walk(upper: string, path: string, inImage: (path: string) => boolean): Change[] {
  return readdirSync(upper + path)
    .sort()
    .flatMap((name) => {
      const here = `${path}/${name}`;
      const kind = kindOf(upper + here);
      if (kind === "whiteout") return [{ kind: "D" as const, path: here }];
      const change = { kind: inImage(here) ? ("C" as const) : ("A" as const), path: here };
      return kind === "directory" ? [change, ...walk(upper, here, inImage)] : [change];
    });
}

function kindOf(path: string): "none" | "whiteout" | "directory" | "other" {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return "none";
  if (stat.isDirectory()) return "directory";
  return stat.isCharacterDevice() && stat.rdev === 0 ? "whiteout" : "other";
}
