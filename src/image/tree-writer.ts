import { closeSync, fstatSync } from "node:fs";
import { deviceNumber } from "../abi/device-number.ts";
import { errnos } from "../abi/errno.ts";
import { SyscallError, type KontenerError } from "../abi/error.ts";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { encodeOpenHow, resolveFlags, SIZE_OF_OPEN_HOW } from "../abi/open-how.ts";
import { encodeTimes, timespecOf } from "../abi/timespec.ts";
import { call, tryCall } from "../linux/libc.ts";
import { cbytes, quoted, type ByteString } from "./byte-string.ts";
import { damaged, NotInArchive } from "./damaged.ts";
import { applyMetadata, type Metadata } from "./metadata.ts";
import type { Notes } from "./notes.ts";
import { emptyAt, removeAt } from "./remove-at.ts";
import { TreeFile } from "./tree-file.ts";
import { readXattrs } from "./xattrs.ts";

const O = process.arch === "arm64" ? openFlagsArm64 : openFlags;
const { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } = resolveFlags;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const F_DUPFD_CLOEXEC = 1030;

const [S_IFIFO, S_IFCHR, S_IFBLK] = [0o010000, 0o020000, 0o060000];
const nodeTypes = { fifo: S_IFIFO, "character-device": S_IFCHR, "block-device": S_IFBLK } as const;
export type NodeType = keyof typeof nodeTypes;

/** Where something goes: an open directory below the root, and a name in it. */
type Place = { parent: number; name: ByteString; path: ByteString };

/**
 * Makes files below a directory, and nowhere else, whatever the paths and links say: each path's directory is opened with
 * openat2(2) and RESOLVE_IN_ROOT, for which an absolute link or ".." ends at the root, as it will for the container; the
 * last component is never followed. Directories get their owner, mode and time in {@link finish}, because what is made in
 * them would change the time, and a mode may forbid to make anything.
 */
export class TreeWriter implements Disposable {
  readonly #root: number;
  readonly #notes: Notes;
  readonly #directories = new Map<ByteString, Metadata>();
  readonly #implied = new Set<ByteString>();
  readonly #over: boolean;
  /** By inode: directories that were there before, and their times. */
  readonly #times = new Map<bigint, { path: ByteString; mtimeNs: bigint }>();
  /** The directory that was opened last: archives come directory by directory. No path: open, but maybe moved. */
  #last: { path: ByteString | undefined; fd: number } | undefined;

  /**
   * @param root its path, or an open descriptor of it, which then is the writer's
   * @param over there are files below it: entries replace them, whole directories too, and a directory in which something
   * is made keeps its time
   */
  constructor(root: string | number, notes: Notes, over = false) {
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    this.#root = typeof root === "number" ? root : call("openat", AT_FDCWD, root, flags, 0);
    this.#notes = notes;
    this.#over = over;
  }

  /** Directories that were made because something lies in them, while the archive has no entry for them. */
  get implied(): ReadonlySet<ByteString> {
    return this.#implied;
  }

  directory(path: ByteString, meta: Metadata): void {
    const parts = components(path);
    this.#directories.set(parts.join("/"), meta);
    this.#implied.delete(parts.join("/"));
    if (parts.length === 0) return;
    const place = this.#place(parts);
    if (!this.#isDirectory(place)) this.#make("mkdirat", place, 0o700);
    else if (this.#over) dropXattrs(place);
  }

  /** A new file, open for writing; its metadata is given when it is finished. */
  file(path: ByteString): TreeFile {
    const place = this.#place(components(path));
    const flags = O.O_WRONLY | O.O_CREAT | O.O_EXCL | O.O_NOFOLLOW | O.O_CLOEXEC;
    return new TreeFile(this.#make("openat", place, flags, 0o600), path, this.#notes);
  }

  symlink(path: ByteString, target: ByteString, meta: Metadata): void {
    const place = this.#place(components(path));
    this.#replacing("symlinkat", place, (name) => {
      return tryCall("symlinkat", cbytes(target), place.parent, name);
    });
    applyMetadata({ ...place, type: "symlink" }, path, meta, this.#notes);
  }

  /** A hard link to something that is in the tree already. */
  link(path: ByteString, target: ByteString): void {
    const from = this.#place(components(target));
    const parent = call("fcntl", from.parent, F_DUPFD_CLOEXEC, 0); // there is but one that is kept open
    try {
      const place = this.#place(components(path));
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
    const place = this.#place(components(path));
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
    const place = this.#place(components(path));
    if (this.#isDirectory(place)) return "directory";
    return tryCall("faccessat2", place.parent, cbytes(place.name), 0, AT_SYMLINK_NOFOLLOW) === 0
      ? "other"
      : undefined;
  }

  /** Removes a name that may be there, with all that is below it. */
  remove(path: ByteString): void {
    const { parent, name } = this.#place(components(path));
    removeAt(parent, name);
    this.#forgetLast();
  }

  /** Removes all that is in a directory. */
  empty(path: ByteString): void {
    const place = this.#place(components(path));
    this.#remember(this.#open(components(path)), place.path);
    const again = this.#place(components(path));
    if (this.#isDirectory(again)) emptyAt(again.parent, again.name);
    this.#forgetLast();
  }

  /** overlayfs's mark of something deleted: a character device 0/0 (filesystems/overlayfs.rst, "whiteouts"). */
  whiteout(path: ByteString): void {
    const place = this.#place(components(path));
    const result = tryCall("mknodat", place.parent, cbytes(place.name), S_IFCHR, 0);
    if (result < 0) throw failed("mknodat", path, result);
  }

  /** Nothing of the layers below shows in this directory (overlayfs.rst, "opaque directories"). */
  opaque(path: ByteString): void {
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    this.#open(components(path));
    const fd = this.#resolve(path || ".", flags);
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
    for (const [inode, { path, mtimeNs }] of this.#times) this.#restoreTime(path, inode, mtimeNs);
    const depth = (path: ByteString) => (path ? path.split("/").length : 0);
    const deepestFirst = [...this.#directories].toSorted(([a], [b]) => depth(b) - depth(a));
    for (const [path, meta] of deepestFirst) {
      const fd = this.#resolve(path || ".", flags);
      if (fd < 0) continue; // replaced by something else later in the archive
      try {
        applyMetadata({ fd }, path, meta, this.#notes);
      } finally {
        closeSync(fd);
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#last) closeSync(this.#last.fd);
    closeSync(this.#root);
  }

  #restoreTime(path: ByteString, inode: bigint, mtimeNs: bigint): void {
    const fd = this.#resolve(path || ".", O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC);
    if (fd < 0) return; // removed later in the archive
    try {
      if (fstatSync(fd, { bigint: true }).ino !== inode) return; // replaced
      const result = tryCall("utimensat", fd, null, encodeTimes(timespecOf(mtimeNs)), 0);
      if (result < 0) throw failed("utimensat", path, result);
    } finally {
      closeSync(fd);
    }
  }

  #remember(fd: number, path: ByteString): void {
    if (!this.#over) return;
    const { ino, mtimeNs } = fstatSync(fd, { bigint: true });
    if (!this.#times.has(ino)) this.#times.set(ino, { path, mtimeNs });
  }

  #place(parts: readonly ByteString[]): Place {
    const name = parts.at(-1);
    if (name === undefined) throw refused("its root is not a directory");
    return { parent: this.#open(parts.slice(0, -1)), name, path: parts.join("/") };
  }

  #open(parts: readonly ByteString[]): number {
    const path = parts.join("/");
    if (path === "") {
      this.#remember(this.#root, path);
      return this.#root;
    }
    if (this.#last?.path === path) return this.#last.fd;
    const flags = O.O_PATH | O.O_DIRECTORY | O.O_CLOEXEC;
    let fd = this.#resolve(path, flags);
    if (fd === -errnos.ENOENT) {
      this.#makeMissing(parts);
      fd = this.#resolve(path, flags);
    }
    if (fd === -errnos.ENOENT || fd === -errnos.ENOTDIR || fd === -errnos.ELOOP)
      throw new NotInArchive(
        `the archive is refused: it has something below ${quoted(path)}, which is no directory in it`,
      );
    if (fd < 0) throw failed("openat2", path, fd);
    if (this.#last) closeSync(this.#last.fd);
    this.#last = { path, fd };
    this.#remember(fd, path);
    return fd;
  }

  /** Archives may leave out the directories of what they contain. */
  #makeMissing(parts: readonly ByteString[]): void {
    for (let length = 1; length <= parts.length; length++) {
      const place = this.#place(parts.slice(0, length));
      const name = cbytes(place.name);
      const made = tryCall("mkdirat", place.parent, name, 0o755);
      if (made === -errnos.EEXIST) continue;
      if (made < 0) throw failed("mkdirat", place.path, made);
      call("fchmodat", place.parent, name, 0o755); // whatever the umask
      this.#implied.add(place.path);
    }
  }

  #resolve(path: ByteString, flags: number): number {
    const how = encodeOpenHow({ flags, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS });
    // EAGAIN: something was renamed, anywhere, while ".." was walked (openat2(2), ERRORS).
    for (let attempt = 0; ; attempt++) {
      const fd = tryCall("openat2", this.#root, cbytes(path), how, SIZE_OF_OPEN_HOW);
      if (fd !== -errnos.EAGAIN || attempt === 1000) return fd;
    }
  }

  #forgetLast(): void {
    if (this.#last) this.#last.path = undefined;
  }

  #isDirectory({ parent, name }: Place): boolean {
    const flags = O.O_PATH | O.O_DIRECTORY | O.O_NOFOLLOW | O.O_CLOEXEC;
    const fd = tryCall("openat", parent, cbytes(name), flags, 0);
    if (fd >= 0) closeSync(fd);
    return fd >= 0;
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
      const directory = this.#isDirectory(place);
      if (directory && this.#over) emptyAt(place.parent, place.name);
      const removed = tryCall("unlinkat", place.parent, name, directory ? AT_REMOVEDIR : 0);
      if (removed === -errnos.ENOTEMPTY)
        throw refused(
          `it has ${quoted(place.path)} twice, once as a directory with something in it`,
        );
      if (removed < 0) throw failed("unlinkat", place.path, removed);
      // What was removed may be the directory that is kept open, or a link on the way to it.
      this.#forgetLast();
      result = make(name);
    }
    if (result < 0 && !callers.includes(-result)) throw failed(call, place.path, result);
    return result;
  }
}

/** The names on the way; a leading slash means the tree's root, as in GNU tar and docker. */
function components(path: ByteString): ByteString[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(`${quoted(path)} leads upwards`);
  if (path.includes("\0")) throw refused(`${quoted(path)} has a NUL in its name`);
  return parts;
}

/** An entry's attributes take the place of those that a directory had. */
function dropXattrs({ parent, name }: Place): void {
  const path = `/proc/self/fd/${parent}/${name}`;
  for (const attribute of readXattrs(path).keys())
    if (!attribute.startsWith("trusted.overlay."))
      tryCall("lremovexattr", cbytes(path), cbytes(attribute));
}

const refused = (why: string): KontenerError => damaged(`the archive is refused: ${why}`);

const failed = (call: string, path: ByteString, result: number): SyscallError =>
  new SyscallError({ call, args: `${quoted(path)}, …`, errno: -result, step: "unpack" });
