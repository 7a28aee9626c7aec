import { readFileSync } from "node:fs";
import { readLayout } from "../cgroup/host.ts";
import { pidsIn } from "../cgroup/processes.ts";
import type { Entry } from "./list.ts";
import { cgroupPath } from "./remove.ts";

/** A process of a container, as the host sees it (proc_pid_stat(5), proc_pid_cmdline(5)). */
export type ProcessInfo = {
  pid: number;
  parent: number;
  uid: number;
  state: string;
  /** Seconds of processor time. */
  cpuTime: number;
  command: string;
};

const TICKS = 100; // USER_HZ, the same everywhere (time(7))

/** All processes of a container, by their numbers. */
export const processesOf = ({ record }: Entry): ProcessInfo[] =>
  pidsIn(readLayout(), cgroupPath(record.id))
    .sort((a, b) => a - b)
    .flatMap((pid) => readProcess(pid) ?? []);

/** undefined where it has ended meanwhile. */
function readProcess(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean);
    return {
      pid,
      parent: Number(fields[1]),
      uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 0),
      state: fields[0] ?? "?",
      cpuTime: (Number(fields[11]) + Number(fields[12])) / TICKS,
      command: words.length > 0 ? words.join(" ") : `[${name}]`,
    };
  } catch {
    return undefined;
  }
}
