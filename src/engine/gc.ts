import { KontenerError, type SyscallError } from "../abi/error.ts";
import { exists } from "../linux/files.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { hasHealthCheck } from "./health.ts";
import {
  containersDirectory,
  listRecords,
  readRecord,
  removeUnfinished,
  type Held,
} from "./record.ts";
import { removeContainer } from "./remove.ts";
import { isMarked } from "./state.ts";

/** Ids of the containers that this process looks after itself: it need not ask for their locks. */
export const ownContainers = new Set<string>();

/**
 * Removes what engines that were killed have left behind, and settles detached containers that have ended: each start, and
 * each verb that looks at containers, does this first. A record whose lock is free has nobody who looks after it. Costs
 * an open and an flock for each container that another process runs, a look for each that has ended.
 *
 * @returns the ids of what was removed because somebody had died; what had ended well is not worth a word.
 */
export async function collectGarbage(paths: Paths): Promise<string[]> {
  const removed: string[] = [];
  if (!exists(`${paths.run}/restored`))
    await (await import("./reboot.ts")).restoreAfterReboot(paths);
  const entries = removeUnfinished(paths);
  for (const id of listRecords(paths, entries)) {
    if (ownContainers.has(id)) continue;
    try {
      if (await tidy(id, paths)) removed.push(id);
    } catch (error) {
      // A record that nobody can read is no reason not to start another container; `ps` tells of it.
      if (!(error instanceof KontenerError) || error.code !== "INVALID") throw error;
    }
  }
  return removed;
}

/** The same for one container; true where it was garbage. */
export async function tidy(id: string, paths: Paths): Promise<boolean> {
  if (isMarked(`${containersDirectory(paths)}/${id}`, "settled")) return false;
  const held = await takeAbandoned(id, paths);
  if (!held) {
    if (hasHealthCheck(`${containersDirectory(paths)}/${id}`))
      await (await import("./health-watch.ts")).lookAfterHealth(id, paths);
    return false;
  }
  const kept = isMarked(held.directory, "kept");
  if (kept) await (await import("./settle.ts")).settle(held, paths);
  else await removeContainer(held, paths);
  return !kept;
}

/** Takes the lock of a container that nobody looks after; undefined where somebody does, or where it is gone. */
export async function takeAbandoned(id: string, paths: Paths): Promise<Held | undefined> {
  const directory = `${containersDirectory(paths)}/${id}`;
  const file = `${directory}/record.json`;
  if (!exists(file)) return undefined; // removed in this moment, or not kontener's
  let lockFd: number | undefined;
  try {
    lockFd = tryLock(`${directory}/lock`);
  } catch (error) {
    if ((error as SyscallError).errno === "ENOENT") return undefined;
    throw error;
  }
  if (lockFd === undefined) return undefined;
  try {
    // Its engine may have removed it between the two calls; the lock that was free is then that of a deleted file.
    const record = await readRecord(id, paths);
    if (record) return { record, directory, lockFd };
  } catch (error) {
    unlock(lockFd);
    throw error;
  }
  unlock(lockFd);
  return undefined;
}

export type Garbage = {
  id: string;
  name: string;
  /** It has ended, and stays with its files; only what it has of the host goes. */
  kept: boolean;
};

/** What {@link collectGarbage} would do. */
export async function findGarbage(paths: Paths): Promise<Garbage[]> {
  const found: Garbage[] = [];
  for (const id of listRecords(paths)) {
    if (isMarked(`${containersDirectory(paths)}/${id}`, "settled")) continue;
    const held = await takeAbandoned(id, paths);
    if (!held) continue;
    found.push({ id, name: held.record.name, kept: isMarked(held.directory, "kept") });
    unlock(held.lockFd);
  }
  return found;
}
