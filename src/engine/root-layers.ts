import { KontenerError } from "../abi/error.ts";
import { overlayOf } from "../oci/annotations.ts";
import { overlayPaths } from "../oci/overlay.ts";
import type { Entry } from "./list.ts";
import { readSpec } from "./state.ts";

/** The directories that a container's root file system consists of, uppermost first: what it has written, then its image's. */
export async function rootLayers({ record, directory }: Entry): Promise<string[]> {
  const spec = await readSpec(directory);
  if (!spec)
    throw new KontenerError(`container ${record.name} has never been started`, {
      code: "UNSUPPORTED",
      hint: `it has its image's files only: kontener save ${record.image}`,
      exitCode: 1,
    });
  const overlay = overlayOf(spec);
  if (!overlay) return [spec.root.path];
  if (overlay.inMemory)
    throw new KontenerError(`what container ${record.name} has written is in memory`, {
      code: "UNSUPPORTED",
      hint: "kontener's state is on an overlay, and they do not nest: set KONTENER_LIB to a disk",
      exitCode: 1,
    });
  return [overlayPaths(overlay.scratch).upper, ...overlay.layers];
}
