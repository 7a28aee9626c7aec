import { Glob } from "bun";
import type { ByteString } from "../../image/byte-string.ts";
import { fromBytes, O, toBytes, type Handle } from "../../image/directory.ts";
import { pathIn, type Place } from "./files.ts";

/** Directories one inside the other: each is open while it is walked. */
export const DEEPEST = 200;

/** Absolute paths that match, in order. Links are listed, and not followed. */
export async function glob(place: Place, pattern: string): Promise<string[]> {
  const full = fromBytes(pathIn(place, pattern));
  const parts = full.split("/").slice(1);
  const fixed = parts.findIndex((part) => /[*?[{!\\]/.test(part));
  if (fixed === -1) {
    using there = place.root.resolve(toBytes(full));
    return there ? [full] : [];
  }
  const base = toBytes(`/${parts.slice(0, fixed).join("/")}`);
  const depth = full.includes("**") || full.includes("{") ? DEEPEST : parts.length - fixed;
  const matcher = new Glob(full);
  const found: string[] = [];
  using top = place.root.resolve(base, O.O_PATH | O.O_DIRECTORY);
  if (top)
    for await (const path of walk(top, base === "/" ? "" : base, depth)) {
      const text = fromBytes(path);
      if (matcher.match(text)) found.push(text);
    }
  return found;
}

async function* walk(
  directory: Handle,
  path: ByteString,
  depth: number,
): AsyncGenerator<ByteString, void, undefined> {
  await new Promise(setImmediate); // a tree of any size must not hold up the process
  for (const name of directory.names()) {
    const below = `${path}/${name}`;
    yield below;
    if (depth <= 1) continue;
    using child = directory.child(name);
    if (child?.stat().isDirectory()) yield* walk(child, below, depth - 1);
  }
}
