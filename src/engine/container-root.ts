import { errnos } from "../abi/errno.ts";
import { invalid, KontenerError, SyscallError } from "../abi/error.ts";
import { Handle, openDirectory } from "../image/directory.ts";
import { close, makeDirectories } from "../linux/files.ts";
import { call, tryCall } from "../linux/libc.ts";
import type { Paths } from "../linux/paths.ts";
import { overlayPaths } from "../oci/overlay.ts";
import { hostRoot } from "../plan/user-namespace.ts";
import { readHost } from "./host.ts";
import { isRunning, type Entry } from "./list.ts";
import { lives, readSpec } from "./state.ts";

const [FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC] = [1, 1];
const [FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE] = [1, 6];

/** `base`: what stands for the container's root among the owners of its files, as they are seen here. */
export type ContainerRoot = { root: Handle; base: { uid: number; gid: number } };
const itself = { uid: 0, gid: 0 };

/**
 * A container's root directory, held open: of one that runs as its processes see it, volumes included; of one that does not
 * its overlay, mounted nowhere (fsmount(2)), so that it is gone with the descriptor. Whoever holds the latter holds
 * `verb.lock` as well: an overlay's upper directory is not to be mounted twice.
 */
export async function openRoot(entry: Entry, paths: Paths): Promise<ContainerRoot> {
  const { record, state, status } = entry;
  if (state && isRunning(status)) {
    const root = openDirectory(`/proc/${state.pid}/root`);
    const spec = await readSpec(entry.directory);
    if (spec && lives(state)) return { root, base: hostRoot(spec) }; // else another process has got its number
    root[Symbol.dispose]();
    throw new KontenerError(`container ${record.name} has just ended`, {
      code: "ENDED",
      hint: "try again",
      exitCode: 1,
    });
  }
  const { options, scratch } = record;
  if (options.rootfs !== undefined || scratch === null)
    return { root: openDirectory(options.rootfs ?? ""), base: itself };
  const { findImage } = await import("../image/store.ts");
  const image = await findImage(options.image, paths);
  if (readHost(paths.lib).upperOnTmpfs || image.mounts.length > 0) throw onlyWhileItRuns(entry);
  return { root: mountOverlay(image.layers, scratch, entry), base: itself };
}

/** Refuses a path that is in a mount of a container that does not run: the mount is not there, and what is below is not meant. */
export function refuseMounts({ record, status }: Entry, path: string): void {
  if (isRunning(status)) return;
  const inside = (record.options.mounts ?? []).find(
    ({ target }) => path === target || path.startsWith(`${target}/`),
  );
  if (inside)
    throw invalid(
      `${inside.target} is mounted when ${record.name} runs, and it does not`,
      `kontener start ${record.name}`,
    );
}

function mountOverlay(layers: readonly string[], scratch: string, entry: Entry): Handle {
  const { upper, work, merged } = overlayPaths(scratch);
  for (const directory of [upper, work, merged]) makeDirectories(directory, 0o755);
  const context = call("fsopen", "overlay", FSOPEN_CLOEXEC);
  try {
    const set = (key: string, value: string) =>
      tryCall("fsconfig", context, FSCONFIG_SET_STRING, key, value, 0);
    for (const layer of layers) {
      const result = set("lowerdir+", layer);
      if (result === -errnos.EINVAL) throw onlyWhileItRuns(entry); // before Linux 6.5
      if (result < 0) throw failed(`"lowerdir+", "${layer}"`, result);
    }
    for (const [key, value] of [
      ["upperdir", upper],
      ["workdir", work],
    ] as const) {
      const result = set(key, value);
      if (result < 0) throw failed(`"${key}", "${value}"`, result);
    }
    call("fsconfig", context, FSCONFIG_CMD_CREATE, null, null, 0);
    return new Handle(call("fsmount", context, FSMOUNT_CLOEXEC, 0), "/");
  } finally {
    close(context);
  }
}

const failed = (args: string, result: number): SyscallError =>
  new SyscallError({
    call: "fsconfig",
    args,
    errno: -result,
    step: "mount the container's files to copy from or to them",
  });

const onlyWhileItRuns = ({ record }: Entry): KontenerError =>
  new KontenerError(`the files of ${record.name} can be reached only while it runs, here`, {
    code: "UNSUPPORTED",
    hint: `kontener start ${record.name}`,
    exitCode: 1,
  });
