import { invalid, KontenerError } from "../abi/error.ts";
import type { Resources } from "../oci/runtime-spec.ts";
import { deviceProgram } from "./device-program.ts";
import { homeOf, type CgroupLayout } from "./layout.ts";
import { byteText, type LimitController } from "./limits.ts";

/** docker's minimum: with less the kernel kills a program before its first line. */
export const minimumMemory = 6 * 1024 * 1024;

/**
 * Throws `INVALID` for limits that make no sense anywhere; returns a sentence for each limit that this host cannot
 * enforce. Those are no reason not to start: the user asked for the default memory limit by not asking. A list of devices
 * that cannot be enforced is one (`UNSUPPORTED`): it keeps root in the container from the host's disks.
 */
export function checkResources(resources: Resources, layout: CgroupLayout): string[] {
  checkMemory(resources);
  checkCpu(resources);
  checkDevices(resources, layout);
  return wanted(resources).flatMap((controller) => {
    const home = homeOf(layout, controller);
    if (!home) return [missing(controller)];
    if (controller === "cpuset" && home !== layout.unified)
      return ["the list of processors is not applied: kontener sets it on cgroup v2 only"];
    return [];
  });
}

function checkMemory({ memory = {} }: Resources): void {
  const { limit, swap } = memory;
  const limited = limit !== undefined && limit > 0;
  if (limited && limit < minimumMemory)
    throw invalid(
      `a memory limit of ${byteText(limit)} is too small: the least is ${byteText(minimumMemory)}`,
      "give --memory a unit: 100m is 100 MB, 1g is 1 GB, a bare number means bytes",
    );
  if (swap === undefined || swap <= 0) return;
  if (!limited)
    throw invalid(
      "a limit of memory and swap together needs a limit of memory",
      "give --memory as well as --memory-swap",
    );
  if (swap < limit)
    throw invalid(
      `--memory-swap is memory and swap together: ${byteText(swap)} is less than the ${byteText(limit)} of --memory`,
      "the same value as --memory means no swap, -1 means as much as the host has",
    );
}

/** What the kernel takes: a period of 1 ms to 1 s, a quota of at least 1 ms (scheduler/sched-bwc.rst). */
function checkCpu({ cpu = {} }: Resources): void {
  const { quota, period } = cpu;
  if (period && (period < 1000 || period > 1_000_000))
    throw invalid(`a cpu period of ${period} µs is outside 1000 to 1000000`);
  if (quota && quota > 0 && quota < 1000)
    throw invalid(
      `a cpu quota of ${quota} µs is too small: the least is 1000`,
      "--cpus 0.01 is the least that the usual period of 100 ms allows",
    );
}

function checkDevices({ devices = [] }: Resources, layout: CgroupLayout): void {
  if (layout.unified || homeOf(layout, "devices") || !deviceProgram(devices)) return;
  throw new KontenerError(
    "this host cannot limit a container to its devices: no cgroup v2 is mounted, and no devices controller of v1",
    {
      code: "UNSUPPORTED",
      hint: "mount one (mount -t cgroup2 none /sys/fs/cgroup); --privileged starts without a device list, and with every device",
    },
  );
}

const wanted = ({ memory, pids, cpu }: Resources): LimitController[] => [
  ...((memory?.limit ?? -1) > 0 ? (["memory"] as const) : []),
  ...((pids?.limit ?? -1) > 0 ? (["pids"] as const) : []),
  ...((cpu?.quota ?? -1) > 0 || cpu?.shares ? (["cpu"] as const) : []),
  ...(cpu?.cpus || cpu?.mems ? (["cpuset"] as const) : []),
];

function missing(controller: LimitController): string {
  const what = {
    memory: "the memory limit",
    pids: "the limit of processes",
    cpu: "the limit of processor time",
    cpuset: "the list of processors",
    devices: "the list of allowed devices",
  }[controller];
  const boot =
    controller === "memory" ? " (on the kernel's command line: cgroup_enable=memory)" : "";
  return `${what} is not applied: this host has no ${controller} cgroup controller${boot}`;
}
