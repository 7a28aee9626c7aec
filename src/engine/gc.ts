import { existsSync } from "node:fs";
import type { SyscallError } from "../abi/error.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { containersDirectory, listRecords, readRecord, type Held } from "./record.ts";
import { removeContainer } from "./remove.ts";

/**
 * Removes what engines that were killed have left behind: each start does this first. A record whose lock is free has
 * nobody who looks after it. Costs an open and an flock for each running container.
 *
 * @returns the ids of what was removed.
 */
export async function collectGarbage(paths: Paths): Promise<string[]> {
  const removed: string[] = [];
  for (const id of listRecords(paths)) {
    const held = abandoned(id, paths);
    if (!held) continue;
    await removeContainer(held, paths);
    removed.push(id);
  }
  return removed;
}

function abandoned(id: string, paths: Paths): Held | undefined {
  const directory = `${containersDirectory(paths)}/${id}`;
  const record = `${directory}/record.json`;
  if (!existsSync(record)) return undefined; // removed in this moment, or not kontener's
  let lockFd: number | undefined;
  try {
    lockFd = tryLock(`${directory}/lock`);
  } catch (error) {
    if ((error as SyscallError).errno === "ENOENT") return undefined;
    throw error;
  }
  if (lockFd === undefined) return undefined;
  // Its engine may have removed it between the two calls; the lock that was free is then that of a deleted file.
  if (existsSync(record)) return { record: readRecord(id, paths), directory, lockFd };
  unlock(lockFd);
  return undefined;
}
