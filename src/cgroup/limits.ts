import type { Resources } from "../oci/runtime-spec.ts";
import { deviceSettings } from "./devices.ts";

/** A value for one file of a control group. */
export type Setting = { file: string; text: string; why: string; ignore?: readonly string[] };

/** The controllers that a specification's `linux.resources` speaks of. */
export type LimitController = "memory" | "cpu" | "cpuset" | "pids" | "devices";

type Limits = { v1: (r: Resources) => Setting[]; v2: (r: Resources) => Setting[] };

/**
 * From the OCI resources to what the kernel's files take, in the order in which it accepts them. Sources: the kernel's
 * admin-guide/cgroup-v2.rst and cgroup-v1/*.rst, scheduler/sched-bwc.rst, the runtime specification's config-linux.md.
 */
export const limits: Readonly<Record<LimitController, Limits>> = {
  memory: { v1: memoryV1, v2: memoryV2 },
  pids: { v1: pids, v2: pids },
  cpu: { v1: cpuV1, v2: cpuV2 },
  // v1's cpuset wants a copy of the parent's memory nodes first; `checkResources` says that it is left out.
  cpuset: { v1: () => [], v2: cpuset },
  devices: { v1: ({ devices }) => deviceSettings(devices ?? []), v2: () => [] },
};

// Swap accounting may be off (swapaccount=0, no CONFIG_SWAP): without its files there is nothing to limit.
const swapMayBeMissing = { ignore: ["ENOENT"] } as const;

function memoryV1({ memory = {} }: Resources): Setting[] {
  const { limit, swap, reservation } = memory;
  const out: Setting[] = [];
  // v1's second limit counts memory and swap together and must never be below the first: the first one goes first, in a
  // new group both are unlimited. The specification counts swap in the same way.
  if (limit !== undefined)
    out.push({
      file: "memory.limit_in_bytes",
      text: unlimited(limit, "-1"),
      why: memoryWhy(limit),
    });
  if (swap !== undefined && swap !== 0)
    out.push({
      file: "memory.memsw.limit_in_bytes",
      text: unlimited(swap, "-1"),
      why: swapWhy(swap, limit),
      ...swapMayBeMissing,
    });
  if (reservation !== undefined)
    out.push({
      file: "memory.soft_limit_in_bytes",
      text: unlimited(reservation, "-1"),
      why: reservationWhy(reservation),
    });
  return out;
}

function memoryV2({ memory = {} }: Resources): Setting[] {
  const { limit, swap, reservation } = memory;
  const out: Setting[] = [];
  if (limit !== undefined)
    out.push({ file: "memory.max", text: unlimited(limit, "max"), why: memoryWhy(limit) });
  if (swap !== undefined && swap !== 0)
    out.push({
      file: "memory.swap.max", // v2 counts swap by itself
      text: swap < 0 ? "max" : String(Math.max(0, swap - (limit ?? 0))),
      why: swapWhy(swap, limit),
      ...swapMayBeMissing,
    });
  if (reservation !== undefined)
    out.push({
      file: "memory.low",
      text: unlimited(reservation, "max"),
      why: reservationWhy(reservation),
    });
  // memory.oom.group stays 0, as with docker: the kernel kills the largest process, which need not be PID 1.
  return out;
}

function pids({ pids }: Resources): Setting[] {
  if (!pids) return [];
  const { limit } = pids;
  if (limit <= 0) return [{ file: "pids.max", text: "max", why: "as many processes as it likes" }];
  return [
    {
      file: "pids.max",
      text: String(limit),
      why: `at most ${limit} processes and threads: a fork bomb ends here, not at the host's last pid`,
    },
  ];
}

function cpuV1({ cpu = {} }: Resources): Setting[] {
  const { shares, quota, period } = cpu;
  const out: Setting[] = [];
  if (shares) out.push({ file: "cpu.shares", text: String(shares), why: sharesWhy(shares) });
  if (period)
    out.push({
      file: "cpu.cfs_period_us",
      text: String(period),
      why: `processor time is dealt out anew every ${period} µs`,
    });
  if (quota)
    out.push({
      file: "cpu.cfs_quota_us",
      text: unlimited(quota, "-1"),
      why: quotaWhy(quota, period),
    });
  return out;
}

function cpuV2({ cpu = {} }: Resources): Setting[] {
  const { shares, quota, period } = cpu;
  const out: Setting[] = [];
  if (shares)
    out.push({ file: "cpu.weight", text: String(weightOf(shares)), why: sharesWhy(shares) });
  if (quota || period)
    out.push({
      file: "cpu.max",
      text: `${quota ? unlimited(quota, "max") : "max"} ${period ?? defaultPeriod}`,
      why: quotaWhy(quota ?? -1, period),
    });
  return out;
}

function cpuset({ cpu }: Resources): Setting[] {
  const { cpus, mems } = cpu ?? {};
  return [
    ...(cpus
      ? [{ file: "cpuset.cpus", text: cpus, why: `on these processors only: ${cpus}` }]
      : []),
    ...(mems
      ? [{ file: "cpuset.mems", text: mems, why: `with memory of these nodes only: ${mems}` }]
      : []),
  ];
}

/**
 * The specification's shares (2…262144, 1024 is one part) on v2's scale (1…10000, 100 is one part), with the formula
 * that runc, crun and Kubernetes (KEP-2254) use.
 */
export const weightOf = (shares: number): number =>
  1 + Math.floor(((Math.min(Math.max(shares, 2), 262144) - 2) * 9999) / 262142);

/** The kernel's default period, in microseconds. */
const defaultPeriod = 100_000;

const unlimited = (value: number, word: string): string => (value < 0 ? word : String(value));

const memoryWhy = (limit: number): string =>
  limit < 0
    ? "as much memory as it likes"
    : `at most ${byteText(limit)} of memory, file cache included: what needs more is killed by the kernel (OOM)`;

function swapWhy(swap: number, limit = 0): string {
  if (swap < 0) return "as much swap as it likes";
  return swap > limit
    ? `and at most ${byteText(swap - limit)} of swap on top`
    : "and no swap on top: it would only hide the limit, and slow the host down";
}

const reservationWhy = (bytes: number): string =>
  `when the host runs short, leave it ${byteText(Math.max(0, bytes))} if others can give`;

const sharesWhy = (shares: number): string =>
  `a weight for when processors are busy: ${shares} against 1024 of an ordinary group`;

const quotaWhy = (quota: number, period = defaultPeriod): string =>
  quota < 0
    ? "as much processor time as it likes"
    : `${quota} µs of processor time in every ${period} µs: as fast as ${round(quota / period)} processors, all threads together`;

/** `100 MB`: powers of 1024 under docker's names. */
export function byteText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${round(bytes)} ${units[unit]}`;
}

const round = (n: number): number => Math.round(n * 100) / 100;
