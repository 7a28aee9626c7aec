import { errnos } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import { memory, tryCall } from "../linux/libc.ts";
import { byteString, cbytes, quoted, type ByteString } from "./byte-string.ts";

/** Neither a list of names nor a value is longer (linux/limits.h). */
const XATTR_SIZE_MAX = 65536;

/** The extended attributes of a file, of a link and not of what it points to: llistxattr(2), lgetxattr(2); or `follow` it. */
export function readXattrs(path: ByteString, follow = false): Map<string, Uint8Array> {
  const [list, get] = follow
    ? (["listxattr", "getxattr"] as const)
    : (["llistxattr", "lgetxattr"] as const);
  const attributes = new Map<string, Uint8Array>();
  const buffer = memory(XATTR_SIZE_MAX);
  const length = tryCall(list, cbytes(path), buffer, XATTR_SIZE_MAX);
  if (length === -errnos.EOPNOTSUPP) return attributes;
  if (length < 0) throw failed(list, path, length);
  const names = byteString(buffer, 0, length).split("\0").slice(0, -1);
  for (const name of names) {
    const size = tryCall(get, cbytes(path), cbytes(name), buffer, XATTR_SIZE_MAX);
    if (size < 0) throw failed(get, path, size);
    attributes.set(name, buffer.slice(0, size));
  }
  return attributes;
}

const failed = (call: string, path: ByteString, result: number): SyscallError =>
  new SyscallError({ call, args: `${quoted(path)}, …`, errno: -result });
