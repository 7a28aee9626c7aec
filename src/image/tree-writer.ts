import { closeSync } from "node:fs";
import { deviceNumber } from "../abi/device-number.ts";
import { errnos } from "../abi/errno.ts";
import { openFlags, openFlagsArm64 } from "../abi/open.ts";
import { call, tryCall } from "../linux/libc.ts";
import { cbytes, quoted, type ByteString } from "./byte-string.ts";
import { damaged, NotInArchive } from "./damaged.ts";
import { applyMetadata, type Metadata } from "./metadata.ts";
import type { Notes } from "./notes.ts";
import { emptyAt, removeAt } from "./remove-at.ts";
import { TreeFile } from "./tree-file.ts";
import { components, failed, refused, TreeRoot, type Place } from "./tree-root.ts";
import { readXattrs } from "./xattrs.ts";

const O = process.arch === "arm64" ? openFlagsArm64 : openFlags;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const F_DUPFD_CLOEXEC = 1030;

const [S_IFIFO, S_IFCHR, S_IFBLK] = [0o010000, 0o020000, 0o060000];
const nodeTypes = { fifo: S_IFIFO, "character-device": S_IFCHR, "block-device": S_IFBLK } as const;
export type NodeType = keyof typeof nodeTypes;

/**
 * Makes files below a {@link TreeRoot}. Directories get their owner, mode and time in {@link finish}, because what is made in
 * them would change the time, and a mode may forbid to make anything.
 */
export class TreeWriter implements Disposable {
  readonly #root: TreeRoot;
  readonly #notes: Notes;
  readonly #directories = new Map<ByteString, Metadata>();
  readonly #over: boolean;

  /**
   * @param root its path, or an open descriptor of it, which then is the writer's
   * @param over there are files below it: entries replace them, whole directories too, and a directory in which something
   * is made keeps its time
   */
  constructor(root: string | number, notes: Notes, over = false) {
    this.#root = new TreeRoot(root, over);
    this.#notes = notes;
    this.#over = over;
  }

  /** Directories that were made because something lies in them, while the archive has no entry for them. */
  get implied(): ReadonlySet<ByteString> {
    return this.#root.implied;
  }

  directory(path: ByteString, meta: Metadata): void {
    const parts = components(path);
    this.#directories.set(parts.join("/"), meta);
    this.#root.implied.delete(parts.join("/"));
    if (parts.length === 0) return;
    const place = this.#root.place(path);
    if (!this.#root.isDirectory(place)) this.#make("mkdirat", place, 0o700);
    else if (this.#over) dropXattrs(place);
  }

  /** A new file, open for writing; its metadata is given when it is finished. */
  file(path: ByteString): TreeFile {
    const place = this.#root.place(path);
    const flags = O.O_WRONLY | O.O_CREAT | O.O_EXCL | O.O_NOFOLLOW | O.O_CLOEXEC;
    return new TreeFile(this.#make("openat", place, flags, 0o600), path, this.#notes);
  }

  symlink(path: ByteString, target: ByteString, meta: Metadata): void {
    const place = this.#root.place(path);
    this.#replacing("symlinkat", place, (name) => {
      return tryCall("symlinkat", cbytes(target), place.parent, name);
    });
    applyMetadata({ ...place, type: "symlink" }, path, meta, this.#notes);
  }

  /** A hard link to something that is in the tree already. */
  link(path: ByteString, target: ByteString): void {
    const from = this.#root.place(target);
    const parent = call("fcntl", from.parent, F_DUPFD_CLOEXEC, 0); // there is but one that is kept open
    try {
      const place = this.#root.place(path);
      if (place.path === from.path) return;
      const make = (name: Uint8Array) =>
        tryCall("linkat", parent, cbytes(from.name), place.parent, name, 0);
      if (this.#replacing("linkat", place, make, errnos.ENOENT) < 0)
        throw new NotInArchive(
          `${quoted(path)} is a link to ${quoted(target)}, which the archive lacks`,
        );
    } finally {
      closeSync(parent);
    }
  }

  /** A device or a named pipe. A device that may not be made here is left out, and that is said. */
  node(path: ByteString, type: NodeType, major: number, minor: number, meta: Metadata): void {
    const place = this.#root.place(path);
    const device = deviceNumber(major, minor);
    if (device === undefined) throw damaged(`${quoted(path)} has an impossible device number`);
    const make = (name: Uint8Array) =>
      tryCall("mknodat", place.parent, name, nodeTypes[type] | 0o600, device);
    if (this.#replacing("mknodat", place, make, errnos.EPERM) < 0)
      this.#notes.once("device nodes are left out: mknod is not permitted here");
    else applyMetadata({ ...place, type: "node" }, path, meta, this.#notes);
  }

  /** What lies under that name in the tree. */
  typeOf(path: ByteString): "directory" | "other" | undefined {
    const place = this.#root.place(path);
    if (this.#root.isDirectory(place)) return "directory";
    return tryCall("faccessat2", place.parent, cbytes(place.name), 0, AT_SYMLINK_NOFOLLOW) === 0
      ? "other"
      : undefined;
  }

  /** Removes a name that may be there, with all that is below it. */
  remove(path: ByteString): void {
    const { parent, name } = this.#root.place(path);
    removeAt(parent, name);
    this.#root.forgetLast();
  }

  /** Removes all that is in a directory. */
  empty(path: ByteString): void {
    emptyAt(this.#root.open(path), ".");
    this.#root.forgetLast();
  }

  /** overlayfs's mark of something deleted: a character device 0/0 (filesystems/overlayfs.rst, "whiteouts"). */
  whiteout(path: ByteString): void {
    const place = this.#root.place(path);
    const result = tryCall("mknodat", place.parent, cbytes(place.name), S_IFCHR, 0);
    if (result < 0) throw failed("mknodat", path, result);
  }

  /** Nothing of the layers below shows in this directory (overlayfs.rst, "opaque directories"). */
  opaque(path: ByteString): void {
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    this.#root.open(path);
    const fd = this.#root.resolve(path || ".", flags);
    if (fd < 0) throw failed("openat2", path, fd);
    try {
      const yes = Uint8Array.of(0x79);
      const result = tryCall("fsetxattr", fd, "trusted.overlay.opaque", yes, 1, 0);
      if (result < 0) throw failed("fsetxattr", path, result);
    } finally {
      closeSync(fd);
    }
  }

  /** Gives directories their metadata, the deepest first. */
  finish(): void {
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_NOFOLLOW | O.O_CLOEXEC;
    this.#root.restoreTimes();
    const depth = (path: ByteString) => (path ? path.split("/").length : 0);
    const deepestFirst = [...this.#directories].toSorted(([a], [b]) => depth(b) - depth(a));
    for (const [path, meta] of deepestFirst) {
      const fd = this.#root.resolve(path || ".", flags);
      if (fd < 0) continue; // replaced by something else later in the archive
      try {
        applyMetadata({ fd }, path, meta, this.#notes);
      } finally {
        closeSync(fd);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }

  #make(call: "openat" | "mkdirat", place: Place, ...args: number[]): number {
    return this.#replacing(call, place, (name) => tryCall(call, place.parent, name, ...args));
  }

  /** Makes something, in place of what an earlier entry left under that name; an errno may be the caller's business. */
  #replacing(
    call: string,
    place: Place,
    make: (name: Uint8Array) => number,
    ...callers: number[]
  ): number {
    const name = cbytes(place.name);
    let result = make(name);
    if (result === -errnos.EEXIST) {
      const directory = this.#root.isDirectory(place);
      if (directory && this.#over) emptyAt(place.parent, place.name);
      const removed = tryCall("unlinkat", place.parent, name, directory ? AT_REMOVEDIR : 0);
      if (removed === -errnos.ENOTEMPTY)
        throw refused(
          `it has ${quoted(place.path)} twice, once as a directory with something in it`,
        );
      if (removed < 0) throw failed("unlinkat", place.path, removed);
      this.#root.forgetLast();
      result = make(name);
    }
    if (result < 0 && !callers.includes(-result)) throw failed(call, place.path, result);
    return result;
  }
}

/** An entry's attributes take the place of those that a directory had. */
function dropXattrs({ parent, name }: Place): void {
  const path = `/proc/self/fd/${parent}/${name}`;
  for (const attribute of readXattrs(path).keys())
    if (!attribute.startsWith("trusted.overlay."))
      tryCall("lremovexattr", cbytes(path), cbytes(attribute));
}
