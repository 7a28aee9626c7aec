import { freezeCgroup, thawCgroup } from "../cgroup/freeze.ts";
import { readLayout } from "../cgroup/host.ts";
import { cgroupPath } from "./remove.ts";

/** Does something while no process of a running container runs: what is read then is of one moment. */
export async function standingStill<T>(id: string, fn: () => Promise<T>): Promise<T> {
  const layout = readLayout();
  await freezeCgroup(layout, cgroupPath(id));
  try {
    return await fn();
  } finally {
    thawCgroup(layout, cgroupPath(id));
  }
}
