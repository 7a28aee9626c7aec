import { readdirSync, lstatSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { overlayOf } from "../oci/annotations.ts";
import { overlayPaths } from "../oci/overlay.ts";
import type { Entry } from "./list.ts";
import { readSpec } from "./state.ts";

/** A: added, C: changed, D: deleted, as docker says it. */
export type Change = { kind: "A" | "C" | "D"; path: string };

/**
 * What a container has written over its image, by the overlay's upper directory (Documentation/filesystems/overlayfs.rst):
 * a character device 0/0 there is the mark of something deleted.
 */
export async function diffContainer({ record, directory }: Entry): Promise<Change[]> {
  const spec = await readSpec(directory);
  const overlay = spec && overlayOf(spec);
  if (!overlay || overlay.inMemory)
    throw new KontenerError(`container ${record.name} has no layer of its own on the disk`, {
      code: "UNSUPPORTED",
      hint: overlay
        ? "kontener's state is on an overlay, so its files are in memory: set KONTENER_LIB"
        : "it was never started, or writes to its --rootfs in place",
      exitCode: 1,
    });
  const inImage = (path: string) => overlay.layers.some((layer) => kindOf(layer + path) !== "none");
  return walk(overlayPaths(overlay.scratch).upper, "", inImage);
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
