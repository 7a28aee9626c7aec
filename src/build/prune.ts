import { renameSync } from "node:fs";
import { bytesIn } from "../engine/size.ts";
import { storeDirectory } from "../image/stored.ts";
import { exists, removeTree, tryList } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { alone, removing } from "../store/lock.ts";
import { sweep } from "../store/sweep.ts";
import { cacheMounts } from "./cache-mount.ts";
import { forgetAll, forgetLost } from "./cache.ts";

/**
 * Removes what builds keep for later ones: what `RUN --mount=type=cache` has gathered, and layers that no image has. `all`:
 * the next build does also those steps again whose layers an image has. Waits until nobody builds. Returns the bytes that
 * are free again.
 */
export async function pruneBuildCache(paths: Paths, all: boolean): Promise<number> {
  return await removing(paths, () =>
    alone(paths, () => {
      const freed = removeCacheMounts(paths) + sweep(paths, { parts: false }).bytes;
      if (all) forgetAll(paths);
      else forgetLost(paths);
      return freed;
    }),
  );
}

function removeCacheMounts(paths: Paths): number {
  const directory = cacheMounts(paths);
  const old = `${directory.slice(directory.lastIndexOf("/") + 1)}.old-`;
  // Out of sight at once: no build is to find half of what a package manager has gathered.
  if (exists(directory)) renameSync(directory, `${directory}.old-${Bun.randomUUIDv7()}`);
  let bytes = 0;
  for (const name of tryList(storeDirectory(paths)).filter((n) => n.startsWith(old))) {
    bytes += bytesIn(`${storeDirectory(paths)}/${name}`);
    removeTree(`${storeDirectory(paths)}/${name}`);
  }
  return bytes;
}
