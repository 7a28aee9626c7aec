import { KontenerError } from "../abi/error.ts";
import { readText, writeText } from "./host.ts";
import { homeOf, type CgroupLayout } from "./layout.ts";

/** The file that stops and resumes a group, what it takes, and how it says that all have stopped. */
type Switch = { file: string; on: string; off: string; state: string; frozen: RegExp };

/** v2: Linux 5.2, `cgroup.events`; v1: freezer.state passes through FREEZING (cgroup-v1/freezer-subsystem.rst). */
function switchOf(layout: CgroupLayout, path: string): Switch {
  if (layout.unified) {
    const group = `${layout.unified.mount}${path}`;
    return {
      file: `${group}/cgroup.freeze`,
      on: "1",
      off: "0",
      state: `${group}/cgroup.events`,
      frozen: /^frozen 1$/m,
    };
  }
  const freezer = homeOf(layout, "freezer");
  if (!freezer)
    throw new KontenerError("this host cannot pause containers: it has no freezer cgroup", {
      code: "UNSUPPORTED",
      hint: "mount cgroup v2, or v1's freezer: mount -t cgroup -o freezer freezer /sys/fs/cgroup/freezer",
    });
  const file = `${freezer.mount}${path}/freezer.state`;
  return { file, on: "FROZEN", off: "THAWED", state: file, frozen: /^FROZEN$/m };
}

/** Stops all processes of a group where they are (`docker pause`); resolves when the last one has stopped. */
export async function freezeCgroup(
  layout: CgroupLayout,
  path: string,
  patience = 10_000,
): Promise<void> {
  const { file, on, state, frozen } = switchOf(layout, path);
  const deadline = Date.now() + patience;
  writeText(file, on);
  for (let delay = 1; !frozen.test(readText(state) ?? ""); delay = Math.min(2 * delay, 50)) {
    if (Date.now() >= deadline) {
      thawCgroup(layout, path);
      throw new KontenerError(`the container did not stop within ${patience} ms; it goes on`, {
        code: "UNSUPPORTED",
        hint: "a process that waits for a disk or a network file system cannot be stopped: try again",
      });
    }
    await Bun.sleep(delay);
    writeText(file, on); // v1 can miss a process that was just being born
  }
}

/** Lets them go on (`docker unpause`). */
export function thawCgroup(layout: CgroupLayout, path: string): void {
  const { file, off } = switchOf(layout, path);
  writeText(file, off);
}

/** True while all processes of a group are stopped by {@link freezeCgroup}. */
export function isFrozen(layout: CgroupLayout, path: string): boolean {
  if (!layout.unified && !homeOf(layout, "freezer")) return false;
  const { state, frozen } = switchOf(layout, path);
  return frozen.test(readText(state) ?? "");
}
