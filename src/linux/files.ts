import { SyscallError } from "../abi/error.ts";
import { errnos } from "../abi/errno.ts";
import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { call, failure, memory, tryCall } from "./libc.ts";

/**
 * Small files and directories, by system calls. Loading node:fs costs 2 to 3 ms of a cold start (compiled); and these
 * errors carry the call: `openat("/run/x", …): ENOENT`. For what is on the way of `run`; elsewhere node:fs is as good.
 */

const { O_CLOEXEC, O_CREAT, O_DIRECTORY, O_TRUNC, O_WRONLY } = openFlags;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const CHUNK = 32768;
const decoder = new TextDecoder();
let chunk: Uint8Array | undefined;
const encoder = new TextEncoder();

export const close = (fd: number): void => void tryCall("close", fd);

/** True where the error is of this system call error: `isErrno(error, "EEXIST")`. */
export const isErrno = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof SyscallError && names.includes(error.errno);

/** What a descriptor gives until its end, as text. Most files are one piece: a decoder of their own would cost more. */
export function readAll(fd: number): string {
  const buffer = (chunk ??= memory(CHUNK));
  const first = buffer.slice(0, call("read", fd, buffer, CHUNK));
  let size = first.length === 0 ? 0 : call("read", fd, buffer, CHUNK);
  if (size === 0) return decoder.decode(first);
  const stream = new TextDecoder();
  let text = stream.decode(first, { stream: true });
  for (; size > 0; size = call("read", fd, buffer, CHUNK))
    text += stream.decode(buffer.subarray(0, size), { stream: true });
  return text + stream.decode();
}

/** A file's text, from its beginning to its end. */
export function readText(path: string): string {
  const fd = call("openat", AT_FDCWD, path, O_CLOEXEC, 0);
  try {
    return readAll(fd);
  } finally {
    close(fd);
  }
}

/** The same; undefined where it cannot be read. Makes no error for a file that is not there. */
export function tryReadText(path: string): string | undefined {
  const fd = tryCall("openat", AT_FDCWD, path, O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    return readAll(fd);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  } finally {
    close(fd);
  }
}

/** A file's first bytes, at most `size`. */
export function readBytes(path: string, size: number): Uint8Array {
  const fd = call("openat", AT_FDCWD, path, O_CLOEXEC, 0);
  try {
    const bytes = memory(size);
    return bytes.subarray(0, call("read", fd, bytes, size));
  } finally {
    close(fd);
  }
}

/** The same; undefined where it cannot be read. */
export function tryReadBytes(path: string, size: number): Uint8Array | undefined {
  const fd = tryCall("openat", AT_FDCWD, path, O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const bytes = memory(size);
  const read = tryCall("read", fd, bytes, size);
  close(fd);
  return read < 0 ? undefined : bytes.subarray(0, read);
}

/** A file that is there, and is written piece by piece. Whoever opens it closes it. */
export const openToWrite = (path: string): number =>
  call("openat", AT_FDCWD, path, O_WRONLY + O_CLOEXEC, 0);

/** Writes a file whole. Without a mode it has to be there already: cgroupfs refuses O_CREAT with EACCES. */
export function writeText(path: string, text: string, create?: number): void {
  writeBytes(path, encoder.encode(text), create);
}

export function writeBytes(path: string, bytes: Uint8Array, create?: number): void {
  const flags = O_WRONLY + O_CLOEXEC + (create === undefined ? 0 : O_CREAT + O_TRUNC);
  const fd = call("openat", AT_FDCWD, path, flags, create ?? 0);
  try {
    writeAll(fd, bytes);
  } finally {
    close(fd);
  }
}

/**
 * Writes a file that is there anew, in place: what it is mounted over or opened as stays this file. A reader meanwhile
 * finds the old beginning or the new one, never an empty file.
 */
export function rewriteText(path: string, text: string): void {
  const bytes = encoder.encode(text);
  const fd = call("openat", AT_FDCWD, path, O_WRONLY + O_CLOEXEC, 0);
  try {
    writeAll(fd, bytes);
    call("ftruncate", fd, bytes.length);
  } finally {
    close(fd);
  }
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;)
    at += call("write", fd, bytes.subarray(at), bytes.length - at);
}

export const makeDirectory = (path: string, mode: number): void =>
  void call("mkdirat", AT_FDCWD, path, mode);

/** mkdir -p. One call where the directory is there, or only its last part is missing. */
export function makeDirectories(path: string, mode: number): void {
  const result = tryCall("mkdirat", AT_FDCWD, path, mode);
  if (result === 0 || result === -errnos.EEXIST) return;
  if (result !== -errnos.ENOENT) throw failure(result, "mkdirat", AT_FDCWD, path, mode);
  makeDirectories(path.slice(0, path.lastIndexOf("/")), mode);
  makeDirectories(path, mode);
}

/** Of a file itself, also where it is a link. */
export const changeOwner = (path: string, owner: number, group: number): void =>
  void call("fchownat", AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);

export const symlink = (target: string, path: string): void =>
  void call("symlinkat", target, AT_FDCWD, path);

/** Where a symbolic link leads. */
export function readLink(path: string): string {
  const buffer = (chunk ??= memory(CHUNK));
  return decoder.decode(buffer.subarray(0, call("readlinkat", AT_FDCWD, path, buffer, 4096)));
}

export const rename = (from: string, to: string): void =>
  void call("renameat2", AT_FDCWD, from, AT_FDCWD, to, 0);

export const unlink = (path: string): void => void call("unlinkat", AT_FDCWD, path, 0);

/** Removes a directory with all that is in it; one that is not there is no error. Follows no link. */
export function removeTree(path: string): void {
  for (const name of tryList(path)) {
    const result = tryCall("unlinkat", AT_FDCWD, `${path}/${name}`, 0);
    if (result === -errnos.EISDIR) removeTree(`${path}/${name}`);
    else if (result < 0 && result !== -errnos.ENOENT)
      throw failure(result, "unlinkat", AT_FDCWD, `${path}/${name}`, 0);
  }
  const result = tryCall("unlinkat", AT_FDCWD, path, AT_REMOVEDIR);
  if (result < 0 && result !== -errnos.ENOENT)
    throw failure(result, "unlinkat", AT_FDCWD, path, AT_REMOVEDIR);
}

/** False where there is something in it, or there is none. */
export const tryRemoveDirectory = (path: string): boolean =>
  tryCall("unlinkat", AT_FDCWD, path, AT_REMOVEDIR) === 0;

export const exists = (path: string): boolean => tryCall("faccessat", AT_FDCWD, path, 0) === 0;

const [STATX_TYPE, SIZE_OF_STATX, STX_MODE] = [1, 256, 28];
const [S_IFMT, S_IFDIR] = [0o170000, 0o040000];

/** What a path leads to: statx(2). Undefined where there is nothing. */
export function typeOf(path: string, follow = true): "directory" | "other" | undefined {
  const buffer = memory(SIZE_OF_STATX);
  const flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
  if (tryCall("statx", AT_FDCWD, path, flags, STATX_TYPE, buffer) < 0) return undefined;
  const mode = new DataView(buffer.buffer).getUint16(STX_MODE, true);
  return (mode & S_IFMT) === S_IFDIR ? "directory" : "other";
}

const [STATX_INO_CTIME, STX_INO, STX_CTIME] = [0x100 | 0x80, 32, 96];

/** Another text after a file was replaced or changed: its inode's number, and the time of its last change. */
export function stampOf(path: string): string | undefined {
  const buffer = memory(SIZE_OF_STATX);
  if (tryCall("statx", AT_FDCWD, path, 0, STATX_INO_CTIME, buffer) < 0) return undefined;
  const view = new DataView(buffer.buffer);
  const [ino, seconds] = [STX_INO, STX_CTIME].map((at) => view.getBigUint64(at, true));
  return `${ino}:${seconds}.${view.getUint32(STX_CTIME + 8, true)}`;
}

const DT_DIR = 4;

/** The names in a directory, in no order: getdents64(2), struct linux_dirent64. `directories`: of those only. */
export function list(path: string, directories = false): string[] {
  const fd = call("openat", AT_FDCWD, path, O_DIRECTORY + O_CLOEXEC, 0);
  const names: string[] = [];
  const buffer = (chunk ??= memory(CHUNK));
  const view = new DataView(buffer.buffer);
  try {
    for (;;) {
      const size = call("getdents64", fd, buffer, CHUNK);
      if (size === 0) return names;
      for (let at = 0; at < size; at += view.getUint16(at + 16, true)) {
        if (directories && buffer[at + 18] !== DT_DIR) continue;
        const name = decoder.decode(buffer.subarray(at + 19, buffer.indexOf(0, at + 19)));
        if (name !== "." && name !== "..") names.push(name);
      }
    }
  } finally {
    close(fd);
  }
}

/** The same; empty where there is no such directory. */
export function tryList(path: string): string[] {
  try {
    return list(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
