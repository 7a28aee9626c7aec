import { freezeCgroup, thawCgroup } from "../cgroup/freeze.ts";
import { readLayout } from "../cgroup/host.ts";
import { note } from "./journal.ts";
import type { Entry } from "./list.ts";
import { cgroupPath } from "./remove.ts";
import { notSo } from "./signal.ts";

/** Stops all of a container's processes where they are. */
export async function pauseContainer(entry: Entry): Promise<void> {
  if (entry.status !== "running")
    throw notSo(entry, "running", "kontener ps -a shows how it stands");
  await freezeCgroup(readLayout(), cgroupPath(entry.record.id));
  note(entry.directory, entry.record, "pause");
}

/** Lets them go on. */
export function unpauseContainer(entry: Entry): void {
  if (entry.status !== "paused") throw notSo(entry, "paused", "kontener ps -a shows how it stands");
  thawCgroup(readLayout(), cgroupPath(entry.record.id));
  note(entry.directory, entry.record, "unpause");
}
