import { basename } from "node:path";
import { KontenerError } from "../abi/error.ts";
import { decompressStream } from "../image/compression.ts";
import { quoted } from "../image/byte-string.ts";
import { fromBytes, O, type Handle, openDirectory, toBytes } from "../image/directory.ts";
import { Notes } from "../image/notes.ts";
import { readTar } from "../image/tar.ts";
import { TreeWriter } from "../image/tree-writer.ts";
import { unpackEntry } from "../image/unpack.ts";
import { becomeOwner } from "../linux/file-owner.ts";
import type { Paths } from "../linux/paths.ts";
import { archive } from "./archive.ts";
import { openRoot, refuseMounts, type ContainerRoot } from "./container-root.ts";
import { placeFor, type Side, type Source } from "./copy-target.ts";
import type { Entry } from "./list.ts";

export type CopyOptions = {
  /** Owners as they are (`-a`); else what is made belongs to root inside, to this process's user outside. */
  keepOwners: boolean;
  /** A source that is a link is followed (`-L`). */
  follow: boolean;
  say(line: string): void;
  input: AsyncIterable<Uint8Array>;
  output(bytes: Uint8Array): void;
};

/** A side with its root open: paths and links of both end there. */
type End = ContainerRoot & { path: string };

/**
 * `kontener cp`: the source becomes a tar stream, and the stream files of the target. What is outside of the two trees cannot
 * be reached, however a container's links lie or move meanwhile (openat2(2), RESOLVE_IN_ROOT): CVE-2018-15664,
 * CVE-2019-14271.
 */
export async function copy(
  from: Side & { entry?: Entry },
  to: Side & { entry?: Entry },
  options: CopyOptions,
  paths: Paths,
): Promise<void> {
  using stack = new DisposableStack();
  const end = async (side: typeof from): Promise<End | undefined> => {
    if (side.kind === "stream") return undefined;
    const path =
      side.kind === "host" ? absolute(process.cwd(), side.path) : absolute("/", side.path);
    if (side.entry) refuseMounts(side.entry, path);
    const { root, base } = side.entry
      ? await openRoot(side.entry, paths)
      : { root: openDirectory("/"), base: { uid: 0, gid: 0 } };
    return { root: stack.use(root), base, path };
  };
  const [source, target] = [await end(from), await end(to)];
  const notes = new Notes(options.say);
  const outside = { uid: process.getuid!(), gid: process.getgid!() };
  const inside = { uid: 0, gid: 0 };
  const owner = options.keepOwners ? undefined : to.kind === "container" ? inside : outside;
  if (!source) {
    using directory = target!.root.resolve(toBytes(target!.path), O.O_PATH | O.O_DIRECTORY);
    if (!directory) throw missing(target!.path);
    return await write(directory, decompressStream(options.input), notes, target!.base);
  }
  const found = find(source, options.follow);
  using handle = found.handle;
  if (!target) {
    const name = found.source.contents ? "." : found.source.name;
    for await (const bytes of archive(handle, toBytes(name), { base: source.base, notes }))
      options.output(bytes);
    return;
  }
  const { into, name } = placeFor(found.source, look(target));
  using directory = target.root.resolve(toBytes(into), O.O_PATH | O.O_DIRECTORY);
  if (!directory) throw missing(into);
  if (name !== undefined) refuseOverDirectory(directory, name, found.source);
  const more = { owner, base: source.base, notes };
  const tar = archive(handle, name === undefined ? undefined : toBytes(name), more);
  await write(directory, tar, notes, target.base);
}

/** The path is kept as it was written: `/.` at its end has a meaning. */
const absolute = (base: string, path: string): string =>
  path.startsWith("/") ? path : `${base === "/" ? "" : base}/${path}`;

function find({ root, path }: End, follow: boolean): { handle: Handle; source: Source } {
  const contents = path.endsWith("/.");
  const mustBeDirectory = path.endsWith("/") || contents;
  const flags = O.O_PATH | (follow || mustBeDirectory ? 0 : O.O_NOFOLLOW);
  const handle = root.resolve(toBytes(path), flags);
  if (!handle) throw missing(path);
  const directory = handle.stat().isDirectory();
  const last = basename(path.replace(/\/\.?$/, ""));
  // `web:/` and `web:.` have no name of their own.
  const named = last !== "" && last !== "." && last !== "..";
  return {
    handle,
    source: { name: last, directory, contents: contents || !named },
  };
}

function look({ root, path }: End) {
  using there = root.resolve(toBytes(path.replace(/\/+\.?$/, "") || "/"));
  const parentPath = path.replace(/\/+\.?$/, "").replace(/\/[^/]*$/, "") || "/";
  using parent = root.resolve(toBytes(parentPath), O.O_PATH | O.O_DIRECTORY);
  const is = there ? (there.stat().isDirectory() ? "directory" : "other") : "missing";
  return { path, is, parent: parent !== undefined } as const;
}

/** Docker's: a file does not take the place of a directory, nor a directory that of a file. */
function refuseOverDirectory(directory: Handle, name: string, source: Source): void {
  using there = directory.child(toBytes(name));
  if (!there) return;
  const stat = there.stat();
  if (stat.isDirectory() === source.directory || stat.isSymbolicLink()) return;
  throw new KontenerError(
    `${quoted(there.path)} is ${stat.isDirectory() ? "a directory" : "a file"}, and the source is not`,
    { code: "CONFLICT", hint: "remove it first", exitCode: 1 },
  );
}

async function write(
  directory: Handle,
  tar: AsyncIterable<Uint8Array>,
  notes: Notes,
  base: ContainerRoot["base"],
): Promise<void> {
  // The writer closes its root, and the caller this one.
  const root = directory.child(".", O.O_RDONLY | O.O_DIRECTORY)!;
  using writer = new TreeWriter(root.fd, notes);
  const back = becomeOwner(base.uid, base.gid);
  try {
    for await (const entry of readTar(tar)) {
      const owner = { uid: entry.uid + base.uid, gid: entry.gid + base.gid };
      await unpackEntry({ ...entry, ...owner }, writer);
    }
    writer.finish();
  } finally {
    back();
  }
}

const missing = (path: string): KontenerError =>
  new KontenerError(`there is no ${JSON.stringify(fromBytes(toBytes(path)))} to copy`, {
    code: "NOT_FOUND",
    exitCode: 1,
  });
