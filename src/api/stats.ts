import { readLayout } from "../cgroup/host.ts";
import { readUsage } from "../cgroup/stats.ts";
import { cgroupPath } from "../engine/remove.ts";

/** What a box uses. A field is undefined where this host's kernel does not count it. */
export type Stats = {
  /** Bytes in use now, without the file cache that nobody has touched lately: docker's number. */
  memory: number | undefined;
  /** Bytes: the most that was ever in use, file cache included. */
  memoryPeak: number | undefined;
  /** Microseconds of processor time since its start. */
  cpuTime: number | undefined;
  /** Processes and threads now, the sleeping PID 1 included. */
  pids: number | undefined;
  /** Processes that the kernel has killed for want of memory. */
  oomKills: number | undefined;
};

export function readStats(id: string): Stats {
  const usage = readUsage(readLayout(), cgroupPath(id));
  const { memoryCurrent, memoryInactiveFile = 0, memoryPeak, cpuTimeUsec, pids, oomKills } = usage;
  return {
    memory: memoryCurrent === undefined ? undefined : memoryCurrent - memoryInactiveFile,
    memoryPeak,
    cpuTime: cpuTimeUsec,
    pids,
    oomKills,
  };
}
