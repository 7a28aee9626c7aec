import type { HostStep } from "../plan/host-step.ts";
import type { Entry } from "./enter.ts";
import { homeOf, type CgroupLayout, type Hierarchy } from "./layout.ts";

/**
 * A group inside a container's own for one command and all that it starts. In the unified tree it costs one mkdir(2), and
 * the kernel kills and counts by it; it has no controllers, so that "no internal processes" (cgroups(7)) does not forbid
 * that PID 1 stays in the group above, whose limits hold for both. On v1 it is in the freezer's tree, where that is: killing
 * there begins with stopping.
 */
export function subgroupTree(layout: CgroupLayout): Hierarchy | undefined {
  if (layout.unified) return layout.unified;
  const homes = (["freezer", "memory", "cpuacct"] as const).map((c) => homeOf(layout, c));
  return homes.find((home) => home !== undefined); // in all three each container is: see treesFor()
}

/** The same for a process that enters by itself: {@link planEnter} with this command's group in place of the container's. */
export function enterSubgroup(
  entry: Entry,
  { path, layout }: { path: string; layout: CgroupLayout },
  name: string,
): { before: HostStep[]; entry: Entry } {
  const tree = subgroupTree(layout);
  if (!tree) return { before: [], entry };
  const above = `${tree.mount}${path}`;
  const hold = entry.hold.map((step) =>
    step.call === "openat" && (step.pathname === above || step.pathname === `${above}/tasks`)
      ? { ...step, pathname: step.pathname.replace(above, `${above}/${name}`) }
      : step,
  );
  return { before: [planSubgroup(above, name)], entry: { ...entry, hold } };
}

const planSubgroup = (above: string, name: string): HostStep => ({
  call: "mkdir",
  path: `${above}/${name}`,
  mode: 0o755,
  why: "a group for this command alone: all that it starts can be ended at once",
});

/** The steps of {@link planCgroup}'s `join`, into the group `name` below instead. */
export function intoSubgroup(
  join: readonly HostStep[],
  { path, layout }: { path: string; layout: CgroupLayout },
  name: string,
): HostStep[] {
  const tree = subgroupTree(layout);
  if (!tree) return [...join];
  const above = `${tree.mount}${path}`;
  return [
    planSubgroup(above, name),
    ...join.map((step) =>
      step.call === "write" && step.path === `${above}/cgroup.procs`
        ? { ...step, path: `${above}/${name}/cgroup.procs` }
        : step,
    ),
  ];
}
