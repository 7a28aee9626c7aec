import { KontenerError } from "../abi/error.ts";
import { overlayOf } from "../oci/annotations.ts";
import { overlayPaths } from "../oci/overlay.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { Entry } from "./list.ts";
import { readSpec } from "./state.ts";

/** What a container has written over its image: the overlay's upper directory, and the image's layers below it. */
export type OwnLayer = { spec: RuntimeSpec; upper: string; layers: string[] };

/** @throws KontenerError `UNSUPPORTED` where its files are not on the disk */
export async function ownLayer({ record, directory }: Entry): Promise<OwnLayer> {
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
  return { spec, upper: overlayPaths(overlay.scratch).upper, layers: overlay.layers };
}
