import type { ContainerOptions } from "../spec/options.ts";
import { DEFAULT_MEMORY } from "../spec/rules.ts";
import type { DeviceRule, Resources } from "./runtime-spec.ts";

/** As podman's default: enough for any build, too few for a fork bomb to take the host down. */
export const DEFAULT_PIDS = 2048;

/** The kernel's period for cpu quotas, in microseconds (sched-bwc.rst); docker's too. */
const CPU_PERIOD = 100_000;

const limit = (value: number | "unlimited"): number => (value === "unlimited" ? -1 : value);

/** config-linux.md, "Control groups": `swap` is memory and swap together, so that equal to `limit` means no swap. */
export function resources(options: ContainerOptions, devices: DeviceRule[]): Resources {
  const memory = limit(options.memory ?? DEFAULT_MEMORY);
  const swap = limit(options.memorySwap ?? options.memory ?? DEFAULT_MEMORY);
  return {
    devices,
    memory: {
      limit: memory,
      swap,
      ...(options.memoryReservation === undefined
        ? {}
        : { reservation: options.memoryReservation }),
    },
    pids: { limit: limit(options.pidsLimit ?? DEFAULT_PIDS) },
    ...cpu(options),
  };
}

function cpu({
  cpus,
  cpuShares,
  cpusetCpus,
  cpusetMems,
}: ContainerOptions): Pick<Resources, "cpu"> {
  if ([cpus, cpuShares, cpusetCpus, cpusetMems].every((value) => value === undefined)) return {};
  return {
    cpu: {
      ...(cpuShares === undefined ? {} : { shares: cpuShares }),
      ...(cpus === undefined ? {} : { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD }),
      ...(cpusetCpus === undefined ? {} : { cpus: cpusetCpus }),
      ...(cpusetMems === undefined ? {} : { mems: cpusetMems }),
    },
  };
}
