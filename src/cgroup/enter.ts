import type { Step } from "../plan/step.ts";
import { AT_FDCWD } from "../plan/values.ts";
import { checkPath } from "./plan.ts";
import { treesFor, type CgroupRequest } from "./trees.ts";

/** How PID 1 gets into its group by itself, from its first instruction on: see {@link planEnter}. */
export type Entry = {
  /** For the monitor, which still sees the host's files: takes hold of v1's `tasks`, and of the unified group. */
  hold: Step[];
  /** For PID 1, as its first steps: into v1's trees. */
  enter: Step[];
  /** The name under which `hold` stores the unified group, for clone3(2) with CLONE_INTO_CGROUP. */
  birthplace: string | undefined;
};

/** CLONE_INTO_CGROUP came with Linux 5.7. */
export const canEnter = ([major, minor]: readonly [number, number]): boolean =>
  major > 5 || (major === 5 && minor >= 7);

/**
 * The quick way into the group that `planCgroup(…).create` has made, in place of its `join`.
 *
 * A write to cgroup.procs moves all threads of a process, so the kernel first holds up every fork, exec and exit of the
 * host, which takes an RCU grace period: 5 to 18 ms on an idle host, more than all the rest of a birth (unless cgroup2
 * is mounted with favordynmods). Two ways need no such lock: a thread that moves itself, by "0" in v1's `tasks` ("cgroup:
 * Optimize single thread migration", Linux 5.5), and being born in the group (Linux 5.7). Root of another user namespace
 * may do neither: there `join` is the way.
 */
export function planEnter(request: CgroupRequest): Entry {
  const path = checkPath(request.path);
  const hold: Step[] = [];
  const enter: Step[] = [];
  let birthplace: string | undefined;
  for (const tree of treesFor(request)) {
    const group = `${tree.mount}${path}`;
    if (tree.v2) {
      birthplace = "the container's group";
      hold.push({
        call: "openat",
        dirfd: AT_FDCWD,
        pathname: group,
        flags: ["O_PATH", "O_DIRECTORY", "O_CLOEXEC"],
        mode: 0,
        why: "the group in which the next process is going to be born (CLONE_INTO_CGROUP)",
        store: birthplace,
      });
      continue;
    }
    const store = `tasks of ${tree.label}`;
    hold.push({
      call: "openat",
      dirfd: AT_FDCWD,
      pathname: `${group}/tasks`,
      flags: ["O_WRONLY", "O_CLOEXEC"],
      mode: 0,
      why: "the door to a control group of v1, for the process that is going to enter it",
      store,
    });
    enter.push({
      call: "write",
      fd: { stored: store },
      buf: "0",
      count: 1,
      why: "“0” is whoever writes it: enter the control groups; what starts from now on is born there",
    });
  }
  return { hold, enter, birthplace };
}
