import { errnos } from "../abi/errno.ts";
import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { readAll } from "../linux/files.ts";
import { tryCall } from "../linux/libc.ts";
import { openInRoot } from "../linux/open-in-root.ts";
import type { Accounts } from "../oci/user.ts";

/**
 * Reads a small file of an image without following a link of the image's to the host.
 * Empty where none of the layers has it; the uppermost layer that has it counts.
 */
function readInRoot(layers: readonly string[], path: string): string {
  for (const layer of layers) {
    const root = tryCall("openat", AT_FDCWD, layer, openFlags.O_PATH + openFlags.O_CLOEXEC, 0);
    if (root < 0) continue;
    const fd = openInRoot(root, path, openFlags.O_CLOEXEC);
    tryCall("close", root);
    if (fd === -errnos.ENXIO) return ""; // overlayfs's mark of something deleted: a device that nobody drives
    if (fd < 0) continue;
    try {
      return readAll(fd);
    } finally {
      tryCall("close", fd);
    }
  }
  return "";
}

/** The image's own users and groups. */
export const readAccounts = (layers: readonly string[]): Accounts => ({
  passwd: readInRoot(layers, "etc/passwd"),
  group: readInRoot(layers, "etc/group"),
});
