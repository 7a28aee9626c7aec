import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { readLayout } from "../cgroup/host.ts";
import { readUsage, type Usage } from "../cgroup/stats.ts";
import type { Entry } from "./list.ts";
import { cgroupPath } from "./remove.ts";
import { readSpec } from "./state.ts";

/** What a container uses at one moment. */
export type Sample = {
  at: number;
  usage: Partial<Usage>;
  /** Bytes that it may have; the host's where there is no limit. */
  memoryLimit: number;
  /** Bytes received and sent by all interfaces but lo; undefined where it has no network of its own. */
  network: { received: number; sent: number } | undefined;
};

export async function takeSample({ record, directory, state }: Entry): Promise<Sample> {
  const spec = await readSpec(directory);
  const limit = spec?.linux.resources?.memory?.limit ?? -1;
  const shares = record.options.network === "host";
  return {
    at: performance.now(),
    usage: readUsage(readLayout(), cgroupPath(record.id)),
    memoryLimit: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    network: state && !shares ? readNetwork(state.pid) : undefined,
  };
}

/** Processors in use between two samples, 1 is a whole one. */
export function processorsBetween(first: Sample, second: Sample): number {
  const used = (second.usage.cpuTimeUsec ?? 0) - (first.usage.cpuTimeUsec ?? 0);
  const passed = (second.at - first.at) * 1000;
  return passed > 0 ? Math.max(0, used / passed) : 0;
}

/** docker's: file cache that nobody has touched lately does not count. */
export const memoryUsed = ({ usage }: Sample): number =>
  Math.max(0, (usage.memoryCurrent ?? 0) - (usage.memoryInactiveFile ?? 0));

/** proc_pid_net(5), dev: two lines of titles, then `name: bytes packets … (8 fields) bytes …`. */
function readNetwork(pid: number): Sample["network"] {
  try {
    const lines = readFileSync(`/proc/${pid}/net/dev`, "utf8").trim().split("\n").slice(2);
    const counts = lines
      .map((line) => line.trim().split(/[:\s]+/))
      .filter(([name]) => name !== "lo")
      .map((fields) => ({ received: Number(fields[1]), sent: Number(fields[9]) }));
    return counts.reduce((a, b) => ({ received: a.received + b.received, sent: a.sent + b.sent }), {
      received: 0,
      sent: 0,
    });
  } catch {
    return undefined;
  }
}
