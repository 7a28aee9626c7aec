import { checkResources } from "../cgroup/check.ts";
import { readLayout } from "../cgroup/host.ts";
import { planUpdate } from "../cgroup/plan.ts";
import { pidsIn } from "../cgroup/processes.ts";
import type { Paths } from "../linux/paths.ts";
import { resources } from "../oci/resources.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { checkOptions } from "../spec/rules.ts";
import { doHostSteps } from "./host-steps.ts";
import type { Entry } from "./list.ts";
import { rewriteRecord } from "./record.ts";
import { saveCopy, staysAfterReboot } from "./reboot.ts";
import { cgroupPath } from "./remove.ts";
import { readSpec, writeSpec } from "./state.ts";

export type Limits = Pick<ContainerOptions, "memory" | "memorySwap" | "cpus" | "pidsLimit">;

/**
 * Gives a container other limits: at once where it runs, and for its next start. What is left out stays as it is.
 * Returns warnings of what this host cannot limit.
 */
export async function updateContainer(
  { record, directory, status }: Entry,
  limits: Limits,
  paths: Paths,
): Promise<string[]> {
  const options = { ...record.options, ...limits };
  checkOptions(options);
  const layout = readLayout();
  const wanted = resources(options, []);
  const warnings = checkResources(wanted, layout);
  if (status === "running" || status === "paused") {
    const path = cgroupPath(record.id);
    await doHostSteps(planUpdate({ path, resources: wanted, layout }, pidsIn(layout, path)), 0);
  }
  const spec = await readSpec(directory);
  if (spec) {
    const { devices } = spec.linux.resources ?? {};
    spec.linux.resources = { ...wanted, ...(devices ? { devices } : {}) };
    writeSpec(directory, JSON.stringify(spec));
  }
  const updated = { ...record, options };
  rewriteRecord(updated, paths);
  if (staysAfterReboot(updated)) saveCopy(updated, paths);
  return warnings;
}
