import type { CgroupLayout } from "./layout.ts";
import { freezeCgroup, thawCgroup } from "./freeze.ts";
import { writeText } from "./host.ts";
import { pidsIn } from "./processes.ts";

/**
 * SIGKILL to every process of a group; none gets away by forking. Resolves when they have been told, not when they have
 * ended. A group that is not there has no processes.
 */
export async function killCgroup(layout: CgroupLayout, path: string): Promise<void> {
  if (layout.unified && killAtOnce(`${layout.unified.mount}${path}/cgroup.kill`)) return;
  let pids = pidsIn(layout, path);
  if (pids.length === 0) return;
  const frozen = await freezeCgroup(layout, path).then(
    () => true,
    () => false, // what cannot be stopped can still be killed
  );
  for (let round = 0; round < 1000 && (pids = pidsIn(layout, path)).length > 0; round++) {
    for (const pid of pids) kill(pid);
    if (frozen) return thawCgroup(layout, path); // on v1 the signals arrive now
    await Bun.sleep(1);
  }
}

/** cgroup.kill: Linux 5.14, in the unified tree, also where that has no controllers. */
function killAtOnce(file: string): boolean {
  try {
    writeText(file, "1");
    return true;
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // ended by itself
  }
}
