import { mkdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { KontenerError } from "../../abi/error.ts";
import { quoted, type ByteString } from "../../image/byte-string.ts";
import {
  Handle,
  O,
  openDirectory,
  toBytes,
  fromBytes,
  type Making,
} from "../../image/directory.ts";
import { copyBytes, find, makeDirectories, pathIn, type Place } from "./files.ts";
import { DEEPEST } from "./glob.ts";

export type CopyOptions = {
  /** Bytes in all files together; more is an error. Default 1 GiB. */
  maxSize?: number;
};

const DEFAULT_MAX_SIZE = 1024 ** 3;

/** One copy: where it is, what it may still take, what it left behind. */
type Copy = {
  owner: Pick<Making, "uid" | "gid">;
  left: number;
  skipped: string[];
  /** May this link be made? `depth`: in how many directories of the copied tree it is. */
  keeps(target: ByteString, depth: number): boolean;
};

/** From the host into the box; what was left behind is returned. Links are copied as they are: they lead where the box's do. */
export async function copyIn(
  place: Place,
  source: string,
  path: string,
  { maxSize = DEFAULT_MAX_SIZE }: CopyOptions,
): Promise<string[]> {
  const full = pathIn(place, path);
  using host = openDirectory("/");
  using from = openHost(host, source);
  using parent = makeDirectories(place, full.slice(0, full.lastIndexOf("/")));
  const name = full.slice(full.lastIndexOf("/") + 1);
  const copy: Copy = { owner: place, left: maxSize, skipped: [], keeps: () => true };
  if (name !== "") await copyNode(from, parent, name, copy, 0);
  else for (const entry of from.names()) await copyChild(from, place.root, entry, copy, 0);
  return copy.skipped;
}

/**
 * From the box to the host; what was left behind is returned. What the box chose is not trusted: files become the engine's
 * own without set-id bits, and links that lead out of the copy are left behind, or whoever reads the copy would read the
 * host's files.
 */
export async function copyOut(
  place: Place,
  path: string,
  destination: string,
  { maxSize = DEFAULT_MAX_SIZE }: CopyOptions,
): Promise<string[]> {
  const full = resolve(destination);
  using from = find(place, pathIn(place, path));
  mkdirSync(dirname(full), { recursive: true });
  using parent = openDirectory(dirname(full));
  const owner = { uid: process.getuid!(), gid: process.getgid!() };
  const copy: Copy = { owner, left: maxSize, skipped: [], keeps: staysInside };
  await copyNode(from, parent, toBytes(basename(full)), copy, 0);
  return copy.skipped;
}

function openHost(host: Handle, source: string): Handle {
  const found = host.resolve(toBytes(resolve(source)));
  if (found) return found;
  throw new KontenerError(`there is no ${JSON.stringify(source)} to copy`, { code: "NOT_FOUND" });
}

async function copyChild(from: Handle, to: Handle, name: ByteString, copy: Copy, depth: number) {
  using child = from.child(name);
  if (child) await copyNode(child, to, name, copy, depth);
}

async function copyNode(
  from: Handle,
  to: Handle,
  name: ByteString,
  copy: Copy,
  depth: number,
): Promise<void> {
  const stat = from.stat();
  const making = { ...copy.owner, mode: stat.mode & 0o777 };
  if (stat.isDirectory()) {
    if (depth >= DEEPEST) throw tooMuch(from, `is more than ${DEEPEST} directories deep`);
    using directory = to.directory(name, making);
    for (const entry of from.names()) await copyChild(from, directory, entry, copy, depth + 1);
  } else if (stat.isFile()) {
    using source = from.openFile(O.O_RDONLY);
    to.unlink(name); // not written through: it may be a link, or have a second name
    using file = to.create(name, making);
    if (!file) throw tooMuch(from, "is being made by somebody else as well");
    copy.left -= await copyBytes(source, file, copy.left);
    if (copy.left < 0) throw tooMuch(from, "is more than maxSize allows");
  } else if (stat.isSymbolicLink() && copy.keeps(from.target(), depth - 1)) {
    to.unlink(name);
    to.link(name, from.target(), making);
  } else copy.skipped.push(fromBytes(from.path));
}

/**
 * True for a link that cannot lead out of the copied tree: relative, first up no further than to the tree's top, then only
 * down. After a name ".." would be refused, as the name may be a link itself.
 */
export function staysInside(target: ByteString, depth: number): boolean {
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const up = parts.findIndex((part) => part !== "..");
  const ups = up === -1 ? parts.length : up;
  return !target.startsWith("/") && ups <= depth && !parts.slice(ups).includes("..");
}

const tooMuch = (from: Handle, why: string): KontenerError =>
  new KontenerError(`${quoted(from.path)} ${why}`, { code: "INVALID" });
