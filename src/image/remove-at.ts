import { closeSync, readdirSync } from "node:fs";
import { errnos } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import { openFlags, openFlagsArm64 } from "../abi/open.ts";
import { tryCall } from "../linux/libc.ts";
import { cbytes, quoted, type ByteString } from "./byte-string.ts";

const O = process.arch === "arm64" ? openFlagsArm64 : openFlags;
const AT_REMOVEDIR = 0x200;

/** Removes what has that name in an open directory, with all that is below it; follows no link. */
export function removeAt(parent: number, name: ByteString): void {
  const bytes = cbytes(name);
  let result = tryCall("unlinkat", parent, bytes, 0);
  if (result === -errnos.EISDIR) {
    emptyAt(parent, name);
    result = tryCall("unlinkat", parent, bytes, AT_REMOVEDIR);
  }
  if (result < 0 && result !== -errnos.ENOENT) throw failed("unlinkat", name, result);
}

/** Removes all that is in a directory of an open directory. */
export function emptyAt(parent: number, name: ByteString): void {
  const fd = openAt(parent, name);
  try {
    const names = readdirSync(`/proc/self/fd/${fd}`, { encoding: "buffer" });
    for (const child of names) removeAt(fd, child.toString("latin1"));
  } finally {
    closeSync(fd);
  }
}

function openAt(parent: number, name: ByteString): number {
  const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_NOFOLLOW | O.O_CLOEXEC;
  const fd = tryCall("openat", parent, cbytes(name), flags, 0);
  if (fd < 0) throw failed("openat", name, fd);
  return fd;
}

const failed = (call: string, name: ByteString, result: number): SyscallError =>
  new SyscallError({ call, args: `${quoted(name)}, …`, errno: -result });
