import { closeSync, mkdirSync, openSync, rmdirSync } from "node:fs";
import { errnos } from "../abi/errno.ts";
import { KontenerError, SyscallError } from "../abi/error.ts";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { layersDirectory } from "./stored.ts";
import { call, tryCall } from "../linux/libc.ts";
import type { Paths } from "../linux/paths.ts";

const O = process.arch === "arm64" ? openFlagsArm64 : openFlags;
const MNT_DETACH = 2;

/**
 * The root of an overlay of layers (names, uppermost first), for writing into `staging`/rootfs. The mount is taken out of
 * the tree at once: it lives as long as the descriptor, so one that is killed leaves none behind.
 */
export function openOverlay(lower: readonly string[], staging: string, paths: Paths): number {
  const work = `${staging}/work`;
  mkdirSync(work);
  const options = `lowerdir=${lower.join(":")},upperdir=${staging}/rootfs,workdir=${work}`;
  return openMount(options, `${staging}/merged`, paths);
}

/**
 * The root of an overlay of directories, uppermost first, which nothing is written to; `place` is a directory that is made
 * for the moment.
 */
export function openMerged(directories: readonly string[], place: string, paths: Paths): number {
  const layers = `${layersDirectory(paths)}/`;
  const names = directories.map((path) =>
    path.startsWith(layers) ? path.slice(layers.length) : path,
  );
  try {
    return openMount(`lowerdir=${names.join(":")}`, place, paths);
  } finally {
    rmdirSync(place);
  }
}

function openMount(options: string, place: string, paths: Paths): number {
  mkdirSync(place);
  // Relative names: more of them fit into mount(2)'s page. Nothing else runs between the two changes of directory.
  const here = openSync(".", "r");
  try {
    call("chdir", layersDirectory(paths));
    const mounted = tryCall("mount", "overlay", place, "overlay", 0, options);
    call("fchdir", here);
    if (mounted < 0) throw failed(mounted);
    try {
      return call("openat", AT_FDCWD, place, O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC, 0);
    } finally {
      call("umount2", place, MNT_DETACH);
    }
  } finally {
    closeSync(here);
  }
}

function failed(result: number): KontenerError {
  const error = new SyscallError({
    call: "mount",
    args: '"overlay", …',
    errno: -result,
    step: "put layers together",
  });
  if (result !== -errnos.EINVAL) return error;
  return new KontenerError(error.message, {
    code: "UNSUPPORTED",
    hint: "overlayfs does not nest: set KONTENER_LIB to a directory on a disk",
    cause: error,
  });
}
