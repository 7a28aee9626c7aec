import { errnoName, errnos } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import type { SyscallName } from "../abi/syscall.ts";
import { encodeTimes, type Timespec } from "../abi/timespec.ts";
import { tryCall, type SyscallArgument } from "../linux/libc.ts";
import { cbytes, quoted, type ByteString } from "./byte-string.ts";
import type { Notes } from "./notes.ts";

export type Metadata = {
  /** The lower 12 bits. */
  mode: number;
  uid: number;
  gid: number;
  mtime: Timespec;
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** It comes from an upper directory and goes into another: what overlayfs itself has noted there counts. */
  layer?: boolean;
};

/** Which thing: an open file or directory, or a name that was just made in an open directory (links, devices). */
export type Target =
  { fd: number } | { parent: number; name: ByteString; type: "symlink" | "node" };

const AT_SYMLINK_NOFOLLOW = 0x100;

/** Attributes that overlayfs gives a meaning: an archive could hide or redirect files of the container with them. */
const overlayAttribute = /^(trusted|user)\.overlay\./;
/** Those without which a copied upper directory would show other files: only the kernel sets them there. */
const layerAttribute = /^trusted\.overlay\.(opaque|redirect|metacopy)$/;

/** Gives a thing its owner, attributes, mode and time. `path` is for messages. */
export function applyMetadata(target: Target, path: ByteString, meta: Metadata, notes: Notes) {
  const check = (call: SyscallName, result: number) => {
    if (result >= 0) return;
    throw new SyscallError({ call, args: `${quoted(path)}, …`, errno: -result, step: "unpack" });
  };
  const onThing = (call: "fchown" | "fchmod", ...args: number[]) =>
    "fd" in target
      ? tryCall(call, target.fd, ...args)
      : tryCall(`${call}at`, target.parent, cbytes(target.name), ...args, AT_SYMLINK_NOFOLLOW);

  const owned = onThing("fchown", meta.uid, meta.gid);
  if (owned === -errnos.EPERM && process.geteuid?.() !== 0)
    notes.once("owners are not kept: only root may give files away");
  else check("fchown", owned);

  // After the owner: chown(2) takes set-id bits and capabilities away.
  for (const [name, value] of meta.xattrs) {
    if (!overlayAttribute.test(name) || (meta.layer && layerAttribute.test(name)))
      applyXattr(target, name, value, notes);
    else if (!meta.layer) notes.once(`attributes that steer overlayfs are left out: ${name}`);
  }
  // A link has no mode, and fchmodat(2), which takes no flags, would follow it.
  if ("fd" in target || target.type === "node") check("fchmod", onThing("fchmod", meta.mode));

  const times = encodeTimes(meta.mtime);
  const stamped =
    "fd" in target
      ? tryCall("utimensat", target.fd, null, times, 0)
      : tryCall("utimensat", target.parent, cbytes(target.name), times, AT_SYMLINK_NOFOLLOW);
  check("utimensat", stamped);
}

function applyXattr(target: Target, name: string, value: Uint8Array, notes: Notes): void {
  const rest: SyscallArgument[] = [cbytes(name), value.length ? value : null, value.length, 0];
  const result =
    "fd" in target
      ? tryCall("fsetxattr", target.fd, ...rest)
      : // There is no setxattrat() before Linux 6.13; /proc/self/fd is the same directory.
        tryCall("lsetxattr", cbytes(`/proc/self/fd/${target.parent}/${target.name}`), ...rest);
  if (result < 0)
    notes.once(`the attribute ${name} is not kept here: setxattr: ${errnoName(-result)}`);
}
