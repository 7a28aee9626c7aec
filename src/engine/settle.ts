import { readLayout } from "../cgroup/host.ts";
import { readUsage } from "../cgroup/stats.ts";
import { exists } from "../linux/files.ts";
import { unlock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { note } from "./journal.ts";
import type { Held } from "./record.ts";
import { cgroupPath, noteEnd, releaseResources, removeContainer } from "./remove.ts";
import { spawnSupervisor } from "./supervisor.ts";
import { isMarked, mark, readExit, writeKilled } from "./state.ts";

/**
 * What is done once for a detached container that has ended: its control group, its cable and its address go back, its
 * files, its output and how it ended stay. With `--rm` nothing stays. Lets go of the lock.
 */
export async function settle(held: Held, paths: Paths): Promise<void> {
  const { record, directory, lockFd } = held;
  const born = exists(`${directory}/state.json`);
  if (born && record.autoRemove) return await removeContainer(held, paths);
  try {
    const usage = readUsage(readLayout(), cgroupPath(record.id), ["oomKills"]);
    if ((usage.oomKills ?? 0) > 0) {
      mark(directory, "oom-killed");
      note(directory, record, "oom");
    }
    await releaseResources(record, paths);
    // A monitor that was killed has noted nothing, and its container has ended with it.
    const orphan = born && !readExit(directory);
    if (orphan) writeKilled(directory);
    noteEnd(held);
    mark(directory, "settled");
    // Nor has it become a supervisor: then this command starts one.
    if (orphan && record.restart && !isMarked(directory, "stopped")) spawnSupervisor(record.id);
  } finally {
    unlock(lockFd);
  }
}
