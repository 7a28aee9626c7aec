import { lstatSync, readdirSync, type Stats } from "node:fs";
import type { ByteString } from "../image/byte-string.ts";
import { readXattrs } from "../image/xattrs.ts";
import { layerDirectory, type StoredImage } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";

/** Something in an image, and where it really lies. */
export type TreeEntry = { source: ByteString; stat: Stats };

const bytes = (path: ByteString): Buffer => Buffer.from(path, "latin1");

/**
 * All that an image contains, by its path, as overlayfs puts its layers together: the uppermost layer that has a name
 * decides; directories go on further down, unless one is opaque or there is something else (filesystems/overlayfs.rst).
 */
export function mergedTree({ layers }: StoredImage, paths: Paths): Map<ByteString, TreeEntry> {
  const tree = new Map<ByteString, TreeEntry>();
  const roots = layers.map(({ name }) =>
    Buffer.from(layerDirectory(name, paths)).toString("latin1"),
  );
  merge(roots, "", tree);
  return tree;
}

function merge(
  directories: readonly ByteString[],
  path: ByteString,
  tree: Map<ByteString, TreeEntry>,
): void {
  const found = new Map<ByteString, { entry: TreeEntry; below: ByteString[]; open: boolean }>();
  for (const directory of directories)
    for (const name of readdirSync(bytes(directory), { encoding: "buffer" })) {
      const text = name.toString("latin1");
      const source = `${directory}/${text}`;
      const above = found.get(text);
      if (above && !above.open) continue;
      const stat = lstatSync(bytes(source));
      const open = stat.isDirectory() && !isOpaque(source);
      if (!above) {
        found.set(text, {
          entry: { source, stat },
          below: stat.isDirectory() ? [source] : [],
          open,
        });
        continue;
      }
      if (stat.isDirectory()) above.below.push(source);
      above.open = open;
    }
  for (const [name, { entry, below }] of found) {
    if (entry.stat.isCharacterDevice() && entry.stat.rdev === 0) continue; // a whiteout
    tree.set(`${path}/${name}`, entry);
    if (below.length > 0) merge(below, `${path}/${name}`, tree);
  }
}

const isOpaque = (path: ByteString): boolean => readXattrs(path).has("trusted.overlay.opaque");
