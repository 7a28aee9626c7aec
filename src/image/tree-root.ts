import { closeSync, fstatSync } from "node:fs";
import { errnos } from "../abi/errno.ts";
import { SyscallError, type KontenerError } from "../abi/error.ts";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { encodeTimes, timespecOf } from "../abi/timespec.ts";
import { call, tryCall } from "../linux/libc.ts";
import { openInRoot } from "../linux/open-in-root.ts";
import { cbytes, quoted, type ByteString } from "./byte-string.ts";
import { damaged, NotInArchive } from "./damaged.ts";

const O = process.arch === "arm64" ? openFlagsArm64 : openFlags;

/** Where something goes: an open directory below the root, and a name in it. */
export type Place = { parent: number; name: ByteString; path: ByteString };

/**
 * A directory in which an archive's paths are looked up, and nowhere else, whatever they and links say: each path's directory
 * is opened with openat2(2) and RESOLVE_IN_ROOT, for which an absolute link or ".." ends at the root, as it will for the
 * container; the last component is never followed.
 */
export class TreeRoot implements Disposable {
  readonly fd: number;
  /** Directories that were made because something lies in them, while the archive has no entry for them. */
  readonly implied = new Set<ByteString>();
  readonly #keepTimes: boolean;
  /** By inode: directories that were there before, and their times. */
  readonly #times = new Map<bigint, { path: ByteString; mtimeNs: bigint }>();
  /** The directory that was opened last: archives come directory by directory. No path: open, but maybe moved. */
  #last: { path: ByteString | undefined; fd: number } | undefined;

  /**
   * @param root its path, or an open descriptor of it, which then belongs to this
   * @param keepTimes directories in which something is made get their time back
   */
  constructor(root: string | number, keepTimes: boolean) {
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    this.fd = typeof root === "number" ? root : call("openat", AT_FDCWD, root, flags, 0);
    this.#keepTimes = keepTimes;
  }

  place(path: ByteString): Place {
    return this.#placeOf(components(path));
  }

  /** The descriptor of a directory, made where it is missing; until the next call. */
  open(path: ByteString): number {
    return this.#open(components(path));
  }

  /** A new descriptor, or minus the error number. */
  resolve(path: ByteString, flags: number): number {
    return openInRoot(this.fd, cbytes(path), flags);
  }

  isDirectory({ parent, name }: Place): boolean {
    const flags = O.O_PATH | O.O_DIRECTORY | O.O_NOFOLLOW | O.O_CLOEXEC;
    const fd = tryCall("openat", parent, cbytes(name), flags, 0);
    if (fd >= 0) closeSync(fd);
    return fd >= 0;
  }

  /** What was removed may be the directory that is kept open, or a link on the way to it. */
  forgetLast(): void {
    if (this.#last) this.#last.path = undefined;
  }

  restoreTimes(): void {
    for (const [inode, { path, mtimeNs }] of this.#times) this.#restoreTime(path, inode, mtimeNs);
  }

  [Symbol.dispose](): void {
    if (this.#last) closeSync(this.#last.fd);
    closeSync(this.fd);
  }

  #restoreTime(path: ByteString, inode: bigint, mtimeNs: bigint): void {
    const fd = this.resolve(path || ".", O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC);
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
    if (!this.#keepTimes) return;
    const { ino, mtimeNs } = fstatSync(fd, { bigint: true });
    if (!this.#times.has(ino)) this.#times.set(ino, { path, mtimeNs });
  }

  #placeOf(parts: readonly ByteString[]): Place {
    const name = parts.at(-1);
    if (name === undefined) throw refused("its root is not a directory");
    return { parent: this.#open(parts.slice(0, -1)), name, path: parts.join("/") };
  }

  #open(parts: readonly ByteString[]): number {
    const path = parts.join("/");
    if (path === "") {
      this.#remember(this.fd, path);
      return this.fd;
    }
    if (this.#last?.path === path) return this.#last.fd;
    const flags = O.O_PATH | O.O_DIRECTORY | O.O_CLOEXEC;
    let fd = this.resolve(path, flags);
    if (fd === -errnos.ENOENT) {
      this.#makeMissing(parts);
      fd = this.resolve(path, flags);
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
      const place = this.#placeOf(parts.slice(0, length));
      const name = cbytes(place.name);
      const made = tryCall("mkdirat", place.parent, name, 0o755);
      if (made === -errnos.EEXIST) continue;
      if (made < 0) throw failed("mkdirat", place.path, made);
      call("fchmodat", place.parent, name, 0o755); // whatever the umask
      this.implied.add(place.path);
    }
  }
}

/** The names on the way; a leading slash means the tree's root, as in GNU tar and docker. */
export function components(path: ByteString): ByteString[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(`${quoted(path)} leads upwards`);
  if (path.includes("\0")) throw refused(`${quoted(path)} has a NUL in its name`);
  return parts;
}

export const refused = (why: string): KontenerError => damaged(`the archive is refused: ${why}`);

export const failed = (call: string, path: ByteString, result: number): SyscallError =>
  new SyscallError({ call, args: `${quoted(path)}, …`, errno: -result, step: "unpack" });
