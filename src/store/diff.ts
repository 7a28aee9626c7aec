import { readFileSync, readlinkSync } from "node:fs";
import type { StoredImage } from "../image/stored.ts";
import { readXattrs } from "../image/xattrs.ts";
import type { Paths } from "../linux/paths.ts";
import { mergedTree, type TreeEntry } from "./merged-tree.ts";

/** A: added, C: changed, D: deleted, as docker says it of containers. */
export type ImageChange = { kind: "A" | "C" | "D"; path: string };

/** What `newer` has, and has no more, compared with `older`: by path. What lies in a directory that is gone is not listed. */
export function diffImages(older: StoredImage, newer: StoredImage, paths: Paths): ImageChange[] {
  const [before, after] = [mergedTree(older, paths), mergedTree(newer, paths)];
  const changes: ImageChange[] = [];
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (!old) changes.push({ kind: "A", path: readable(path) });
    else if (differ(old, entry)) changes.push({ kind: "C", path: readable(path) });
  }
  for (const path of before.keys()) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!after.has(path) && (parent === "" || after.get(parent)?.stat.isDirectory()))
      changes.push({ kind: "D", path: readable(path) });
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const readable = (path: string): string => Buffer.from(path, "latin1").toString("utf8");

function differ(a: TreeEntry, b: TreeEntry): boolean {
  if (a.source === b.source) return false;
  for (const field of ["mode", "uid", "gid", "rdev"] as const)
    if (a.stat[field] !== b.stat[field]) return true;
  if (attributes(a) !== attributes(b)) return true;
  if (a.stat.isDirectory()) return false; // its time and size say only that something in it has changed
  if (a.stat.size !== b.stat.size || a.stat.mtimeMs !== b.stat.mtimeMs) return true;
  if (a.stat.isSymbolicLink()) return link(a) !== link(b);
  return a.stat.isFile() && !content(a).equals(content(b));
}

const attributes = ({ source }: TreeEntry): string =>
  [...readXattrs(source)]
    .filter(([name]) => !name.startsWith("trusted.overlay."))
    .map(([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`)
    .toSorted()
    .join();

const link = ({ source }: TreeEntry): string =>
  readlinkSync(Buffer.from(source, "latin1"), "latin1");
const content = ({ source }: TreeEntry): Buffer => readFileSync(Buffer.from(source, "latin1"));
