import { closeSync } from "node:fs";
import { Notes } from "../image/notes.ts";
import { storeDirectory } from "../image/stored.ts";
import { tarTree } from "../image/tar-tree.ts";
import type { Paths } from "../linux/paths.ts";
import { adding } from "./lock.ts";
import { openMerged } from "../image/overlay.ts";

/**
 * A root file system as a tar archive: directories as overlayfs puts them together, uppermost first, or one as it is. What is
 * mounted in the container is not in it.
 */
export async function exportTree(
  directories: readonly string[],
  paths: Paths,
  say: (line: string) => void,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const [only] = directories;
  if (only !== undefined && directories.length === 1)
    for await (const bytes of tarTree(only, new Notes(say))) await write(bytes);
  else
    await adding(paths, async () => {
      const place = `${storeDirectory(paths)}/.load-${Bun.randomUUIDv7()}`;
      const root = openMerged(directories, place, paths);
      try {
        const tree = tarTree(`/proc/self/fd/${root}`, new Notes(say));
        for await (const bytes of tree) await write(bytes);
      } finally {
        closeSync(root);
      }
    });
}
