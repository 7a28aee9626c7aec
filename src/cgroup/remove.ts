import { SyscallError } from "../abi/error.ts";
import { errnos } from "../abi/errno.ts";
import { AT_FDCWD } from "../abi/open.ts";
import { tryCall } from "../linux/libc.ts";
import type { CgroupLayout } from "./layout.ts";
import { groupDirectories, groupsBelow, pidsIn } from "./processes.ts";

const AT_REMOVEDIR = 0x200;
/** rmdir(2) under the name that arm64 has it; minus the errno where it fails. */
const rmdir = (path: string): number => tryCall("unlinkat", AT_FDCWD, path, AT_REMOVEDIR);

/** Removes a group that has no processes (any more). False, and no harm done, where it has. */
export const tryRemoveCgroup = (layout: CgroupLayout, path: string): boolean =>
  groupDirectories(layout, path).map(removeTree).every(Boolean);

/**
 * Removes a group from every tree, and the groups that the container made inside. A process that has just been waited
 * for may still count for a moment (EBUSY): tried again for up to `patience` milliseconds. A group that is not there is
 * no error.
 *
 * @throws SyscallError EBUSY: processes are left, named in the hint.
 */
export async function removeCgroup(
  layout: CgroupLayout,
  path: string,
  patience = 2000,
): Promise<void> {
  let rest = groupDirectories(layout, path);
  const deadline = Date.now() + patience;
  for (let delay = 1; ; delay = Math.min(2 * delay, 50)) {
    rest = rest.filter((directory) => !removeTree(directory));
    const [first] = rest;
    if (first === undefined) return;
    if (Date.now() >= deadline)
      throw new SyscallError({
        call: "rmdir",
        args: JSON.stringify(first),
        errno: errnos.EBUSY,
        step: "remove the control group",
        hint: `processes are left in it: ${pidsIn(layout, path).join(", ") || "none that can be seen from here"}`,
      });
    await Bun.sleep(delay);
  }
}

/** True when nothing is left of it. */
function removeTree(directory: string): boolean {
  // Nearly always there is nothing inside: look only where the kernel says so.
  let result = rmdir(directory);
  if (result === -errnos.EBUSY) {
    for (const below of groupsBelow(directory)) rmdir(below);
    result = rmdir(directory);
  }
  if (result < 0 && result !== -errnos.ENOENT && result !== -errnos.EBUSY)
    throw new SyscallError({
      call: "rmdir",
      args: JSON.stringify(directory),
      errno: -result,
      step: "remove the control group",
    });
  return result !== -errnos.EBUSY;
}
