import { invalid } from "../abi/error.ts";

/** One side of a copy: `CONTAINER:PATH`, a path of the host, or `-`, a tar stream. */
export type Side =
  | { kind: "container"; container: string; path: string }
  | { kind: "host"; path: string }
  | { kind: "stream" };

/** As docker reads it: what starts with `/` or `.` is of the host, whatever colons it has. */
export function parseSide(word: string): Side {
  if (word === "-") return { kind: "stream" };
  const at = word.indexOf(":");
  if (/^[/.]/.test(word) || at < 0) return { kind: "host", path: word };
  const [container, path] = [word.slice(0, at), word.slice(at + 1)];
  if (container === "" || path === "")
    throw invalid(`${JSON.stringify(word)} is not CONTAINER:PATH`, "kontener cp web:/etc/hosts .");
  return { kind: "container", container, path };
}

/** What is copied. `contents`: its path ends in `/.`, so that what is in the directory is meant, not the directory. */
export type Source = { name: string; directory: boolean; contents: boolean };
/** What is there at the target's path, links followed. */
export type Target = { path: string; is: "directory" | "other" | "missing"; parent: boolean };

/**
 * Where a copy goes, by docker's rules: the directory that is written to, and the name that the copy gets there; without a
 * name what is in the source comes to lie in the directory itself.
 *
 * @throws KontenerError INVALID
 */
export function placeFor(source: Source, target: Target): { into: string; name?: string } {
  const path = target.path.replace(/\/+$/, "") || "/";
  if (target.is === "directory")
    return source.contents ? { into: path } : { into: path, name: source.name };
  const quoted = JSON.stringify(target.path);
  if (target.is === "other" && source.directory)
    throw invalid(`${quoted} is a file: a directory cannot be copied over it`);
  if (/\/\.?$/.test(target.path) && !source.directory)
    throw invalid(`${quoted} is not a directory that is there`);
  const slash = path.lastIndexOf("/");
  const into = slash < 0 ? "." : path.slice(0, slash) || "/";
  if (target.is === "missing" && !target.parent)
    throw invalid(`there is no directory ${JSON.stringify(into)} to copy into`);
  return { into, name: path.slice(slash + 1) };
}
