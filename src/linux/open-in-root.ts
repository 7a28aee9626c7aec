import { errnos } from "../abi/errno.ts";
import { encodeOpenHow, resolveFlags, SIZE_OF_OPEN_HOW } from "../abi/open-how.ts";
import { tryCall } from "./libc.ts";

const RESOLVE = resolveFlags.RESOLVE_IN_ROOT | resolveFlags.RESOLVE_NO_MAGICLINKS;

/**
 * Opens what a path leads to with a directory as root of the walk: absolute links and ".." end there, and none of /proc's
 * magic links is followed, whoever moves things meanwhile (openat2(2)). The descriptor, or minus the error number.
 */
export function openInRoot(root: number, path: string | Uint8Array, flags: number): number {
  const how = encodeOpenHow({ flags, resolve: RESOLVE });
  // EAGAIN: something was renamed, anywhere, while ".." was walked (openat2(2), ERRORS).
  for (let attempt = 0; ; attempt++) {
    const fd = tryCall("openat2", root, path, how, SIZE_OF_OPEN_HOW);
    if (fd !== -errnos.EAGAIN || attempt === 1000) return fd;
  }
}
