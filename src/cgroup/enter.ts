import type { HostStep } from "../plan/host-step.ts";
import type { Step } from "../plan/step.ts";
import { AT_FDCWD } from "../plan/values.ts";
import { checkPath, planJoin } from "./plan.ts";
import { treesFor, type CgroupRequest } from "./trees.ts";

/** How PID 1 gets into its group by itself: see {@link planEnter}. */
export type Entry = {
  /** For PID 1, as its first steps: v1's trees. */
  steps: Step[];
  /** The group in the unified tree: its descriptor goes into clone3(2)'s `cgroup`, with CLONE_INTO_CGROUP (Linux 5.7). */
  unified: string | undefined;
  /** What the engine writes instead where PID 1 is not born there. */
  joinUnified: HostStep[];
};

/**
 * The quick way into the group that `planCgroup(…).create` has made, in place of its `join`.
 *
 * A write to cgroup.procs moves all threads of a process, so the kernel first holds up every fork, exec and exit of the
 * host, which takes an RCU grace period: 5 to 18 ms on an idle host, more than all the rest of a birth (unless cgroup2
 * is mounted with favordynmods). Two ways need no such lock: a thread that moves itself, by "0" in v1's `tasks` ("cgroup:
 * Optimize single thread migration", Linux 5.5), and being born in the group. Root of another user namespace may do
 * neither: there `join` is the way.
 */
export function planEnter(request: CgroupRequest): Entry {
  const path = checkPath(request.path);
  const steps: Step[] = [];
  let unified: string | undefined;
  const joinUnified: HostStep[] = [];
  for (const tree of treesFor(request)) {
    const group = `${tree.mount}${path}`;
    if (tree.v2) {
      unified = group;
      joinUnified.push(planJoin(tree, path, "$PID"));
      continue;
    }
    const why = "move into the group by itself: what it starts from now on is born there as well";
    const store = `tasks of ${tree.label}`;
    steps.push(
      {
        call: "openat",
        dirfd: AT_FDCWD,
        pathname: `${group}/tasks`,
        flags: ["O_WRONLY", "O_CLOEXEC"],
        mode: 0,
        why,
        store,
      },
      { call: "write", fd: { stored: store }, buf: "0", count: 1, why },
      { call: "close", fd: { stored: store }, why },
    );
  }
  return { steps, unified, joinUnified };
}
