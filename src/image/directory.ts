import { closeSync, fchmodSync, fchownSync, fstatSync, readdirSync, type Stats } from "node:fs";
import { errnos } from "../abi/errno.ts";
import { KontenerError, SyscallError } from "../abi/error.ts";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { asOwner } from "../linux/file-owner.ts";
import { call, memory, tryCall } from "../linux/libc.ts";
import { openInRoot } from "../linux/open-in-root.ts";
import { byteString, cbytes, quoted, type ByteString } from "./byte-string.ts";

export const O = process.arch === "arm64" ? openFlagsArm64 : openFlags;

/** Who owns what is made, by the host's numbers, and its mode. */
export type Making = { uid: number; gid: number; mode: number };

/** An open file or directory; `using` closes it. All that is done with it is done to this one, whatever its name leads to. */
export class Handle implements Disposable {
  readonly fd: number;
  /** For messages. */
  readonly path: ByteString;

  constructor(fd: number, path: ByteString) {
    this.fd = fd;
    this.path = path;
  }

  stat(): Stats {
    return fstatSync(this.fd);
  }

  /**
   * Opens the same file once more, for reading or writing. Only a regular one: to open a device does something by itself,
   * and a box's root may make a node of any device of the host; a FIFO waits for its other end.
   */
  openFile(flags: number): Handle {
    if (!this.stat().isFile())
      throw new KontenerError(`${quoted(this.path)} is not a regular file`, {
        code: "INVALID",
        hint: "a device, a FIFO or a directory: use a command in the container",
      });
    if (isKernels(this.fd))
      throw new KontenerError(`${quoted(this.path)} is a file of the kernel's`, {
        code: "INVALID",
        hint: "what is in /proc and /sys is read by a command in the container: cat",
      });
    return this.#again(flags);
  }

  /** The same directory once more: who closes one leaves the other open. */
  duplicate(): Handle {
    return this.child(".", O.O_PATH | O.O_DIRECTORY)!;
  }

  /** The names in this directory. */
  names(): ByteString[] {
    using open = this.#again(O.O_RDONLY | O.O_DIRECTORY);
    const names = readdirSync(`/proc/self/fd/${open.fd}`, { encoding: "buffer" });
    return names.map((name) => byteString(name)).toSorted();
  }

  /** What is under this name, a link itself rather than where it leads; undefined where there is nothing. */
  child(name: ByteString, flags: number = O.O_PATH): Handle | undefined {
    return this.#open(name, flags | O.O_NOFOLLOW, 0);
  }

  /** A new file for writing; undefined where the name is taken. */
  create(name: ByteString, { uid, gid, mode }: Making): Handle | undefined {
    const flags = O.O_WRONLY | O.O_CREAT | O.O_EXCL | O.O_NOFOLLOW;
    const file = asOwner(uid, gid, () => this.#open(name, flags, 0o600, errnos.EEXIST));
    if (!file) return undefined;
    fchownSync(file.fd, uid, gid);
    fchmodSync(file.fd, mode);
    return file;
  }

  /** The directory under this name, made where it is missing. */
  directory(name: ByteString, { uid, gid, mode }: Making): Handle {
    const made = asOwner(uid, gid, () => tryCall("mkdirat", this.fd, cbytes(name), 0o700));
    if (made < 0 && made !== -errnos.EEXIST) throw failed("mkdirat", this.#below(name), made);
    const directory = this.child(name, O.O_RDONLY | O.O_DIRECTORY);
    if (!directory) throw failed("openat", this.#below(name), -errnos.ENOENT);
    if (made === 0) {
      fchownSync(directory.fd, uid, gid);
      fchmodSync(directory.fd, mode);
    }
    return directory;
  }

  link(name: ByteString, target: ByteString, { uid, gid }: Making): void {
    const made = asOwner(uid, gid, () =>
      tryCall("symlinkat", cbytes(target), this.fd, cbytes(name)),
    );
    if (made < 0) throw failed("symlinkat", this.#below(name), made);
    call("fchownat", this.fd, cbytes(name), uid, gid, 0x100 /* AT_SYMLINK_NOFOLLOW */);
  }

  /** Removes what is there under this name, but a directory. */
  unlink(name: ByteString): void {
    const result = tryCall("unlinkat", this.fd, cbytes(name), 0);
    if (result < 0 && result !== -errnos.ENOENT)
      throw failed("unlinkat", this.#below(name), result);
  }

  /** Where this symbolic link leads (readlinkat(2): with an empty path the descriptor's own). */
  target(): ByteString {
    const buffer = memory(4096);
    const size = tryCall("readlinkat", this.fd, "", buffer, buffer.length);
    if (size < 0) throw failed("readlinkat", this.path, size);
    return byteString(buffer, 0, size);
  }

  /**
   * What is at this path, with this directory as root of the walk: absolute links and ".." end here, and none of /proc's
   * magic links is followed (openat2(2)). Undefined where there is nothing.
   */
  resolve(path: ByteString, flags: number = O.O_PATH): Handle | undefined {
    const fd = openInRoot(this.fd, cbytes(path), flags | O.O_CLOEXEC);
    if (fd >= 0) return new Handle(fd, path);
    if (fd === -errnos.ENOENT) return undefined;
    throw failed("openat2", path, fd);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }

  #open(name: ByteString, flags: number, mode: number, ignore: number = errnos.ENOENT) {
    const fd = tryCall("openat", this.fd, cbytes(name), flags | O.O_CLOEXEC, mode);
    if (fd === -ignore) return undefined;
    if (fd < 0) throw failed("openat", this.#below(name), fd);
    return new Handle(fd, this.#below(name));
  }

  #again(flags: number): Handle {
    const link = `/proc/self/fd/${this.fd}`;
    return new Handle(call("openat", AT_FDCWD, link, flags | O.O_CLOEXEC, 0), this.path);
  }

  #below = (name: ByteString): ByteString => `${this.path === "/" ? "" : this.path}/${name}`;
}

/** Opens a directory of the host. */
export const openDirectory = (path: string): Handle =>
  new Handle(
    call("openat", AT_FDCWD, path, O.O_PATH | O.O_DIRECTORY | O.O_CLOEXEC, 0),
    toBytes(path),
  );

/** A path as the kernel has it. */
export const toBytes = (path: string): ByteString => Buffer.from(path).toString("latin1");
export const fromBytes = (path: ByteString): string => Buffer.from(path, "latin1").toString();

const SIZE_OF_STATFS = 120;
/** File systems whose files are the kernel's own: reading and writing them does something (linux/magic.h, statfs(2)). */
const kernels: ReadonlySet<bigint> = new Set([
  0x9fa0n, // proc
  0x62656572n, // sysfs
  0x27e0ebn, // cgroup
  0x63677270n, // cgroup2
  0x64626720n, // debugfs
  0x74726163n, // tracefs
  0x73636673n, // securityfs
  0xcafe4a11n, // bpf
  0x6e736673n, // nsfs
  0x19800202n, // mqueue
]);

function isKernels(fd: number): boolean {
  const buffer = memory(SIZE_OF_STATFS);
  call("fstatfs", fd, buffer);
  return kernels.has(new DataView(buffer.buffer).getBigUint64(0, true));
}

function failed(name: string, path: ByteString, result: number): SyscallError {
  return new SyscallError({ call: name, args: quoted(path), errno: -result });
}
