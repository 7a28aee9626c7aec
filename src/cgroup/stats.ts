import { readText } from "./host.ts";
import { homeOf, type CgroupLayout } from "./layout.ts";

/** What a control group has used. A field is missing where the kernel does not count it or the group is gone. */
export type Usage = {
  /** Bytes in use now, file cache included. */
  memoryCurrent: number;
  /** The most bytes that were ever in use (v2: Linux 5.19). */
  memoryPeak: number;
  /** Bytes of file cache that nobody has touched lately: docker does not count them as used. */
  memoryInactiveFile: number;
  /** Processes that the kernel killed for want of memory. */
  oomKills: number;
  /** Microseconds of processor time, of which in programs and in the kernel. */
  cpuTimeUsec: number;
  cpuUserUsec: number;
  cpuSystemUsec: number;
  /** Processes and threads now. On v1 only where they are limited. */
  pids: number;
};

type Source = { file: string; parse: (text: string) => number | undefined };
type Field = { controller: string; v2: Source; v1: Source };

/** A file that is one number. `max` and other odd content are no number. */
export function parseNumber(text: string): number | undefined {
  const word = text.trim();
  return /^\d+$/.test(word) ? Number(word) : undefined;
}

/** A flat keyed file (cgroup-v2.rst): `key value` lines. */
export const parseKey =
  (key: string) =>
  (text: string): number | undefined => {
    const line = text.split("\n").find((l) => l.startsWith(`${key} `));
    return line === undefined ? undefined : parseNumber(line.slice(key.length));
  };

/** v1's cpuacct counts nanoseconds. */
export function parseNanoseconds(text: string): number | undefined {
  const ns = parseNumber(text);
  return ns === undefined ? undefined : Math.round(ns / 1000);
}

const number = (file: string): Source => ({ file, parse: parseNumber });
const keyed = (file: string, key: string): Source => ({ file, parse: parseKey(key) });
const nanoseconds = (file: string): Source => ({ file, parse: parseNanoseconds });

/** Where each field is found: admin-guide/cgroup-v2.rst; cgroup-v1/memory.rst, cpuacct.rst, pids.rst. */
const fields: Readonly<Record<keyof Usage, Field>> = {
  memoryCurrent: {
    controller: "memory",
    v2: number("memory.current"),
    v1: number("memory.usage_in_bytes"),
  },
  memoryPeak: {
    controller: "memory",
    v2: number("memory.peak"),
    v1: number("memory.max_usage_in_bytes"),
  },
  memoryInactiveFile: {
    controller: "memory",
    v2: keyed("memory.stat", "inactive_file"),
    v1: keyed("memory.stat", "total_inactive_file"),
  },
  oomKills: {
    controller: "memory",
    v2: keyed("memory.events", "oom_kill"),
    v1: keyed("memory.oom_control", "oom_kill"),
  },
  cpuTimeUsec: {
    controller: "cpuacct",
    v2: keyed("cpu.stat", "usage_usec"),
    v1: nanoseconds("cpuacct.usage"),
  },
  cpuUserUsec: {
    controller: "cpuacct",
    v2: keyed("cpu.stat", "user_usec"),
    v1: nanoseconds("cpuacct.usage_user"),
  },
  cpuSystemUsec: {
    controller: "cpuacct",
    v2: keyed("cpu.stat", "system_usec"),
    v1: nanoseconds("cpuacct.usage_sys"),
  },
  pids: { controller: "pids", v2: number("pids.current"), v1: number("pids.current") },
};
const allFields = Object.keys(fields) as (keyof Usage)[];

/**
 * Reads what is asked for, everything by default. Synchronous: the files are made by the kernel while they are read, in
 * some 20 µs each, and at a container's end all that counts is to read them before the group goes.
 */
export function readUsage(
  layout: CgroupLayout,
  path: string,
  names: readonly (keyof Usage)[] = allFields,
): Partial<Usage> {
  const texts = new Map<string, string | undefined>(); // cpu.stat answers three questions
  const usage: Partial<Usage> = {};
  for (const name of names) {
    const { controller, v1, v2 } = fields[name];
    // In the unified tree CPU time is counted without any controller.
    const home =
      controller === "cpuacct" && layout.unified ? layout.unified : homeOf(layout, controller);
    if (!home) continue;
    const { file, parse } = home === layout.unified ? v2 : v1;
    const full = `${home.mount}${path}/${file}`;
    if (!texts.has(full)) texts.set(full, readText(full));
    const value = parse(texts.get(full) ?? "");
    if (value !== undefined) usage[name] = value;
  }
  return usage;
}
