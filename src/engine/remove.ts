import { rmSync } from "node:fs";
import { killCgroup } from "../cgroup/kill.ts";
import { readLayout } from "../cgroup/host.ts";
import { removeCgroup } from "../cgroup/remove.ts";
import type { Paths } from "../linux/paths.ts";
import { removeRecord, type Held } from "./record.ts";

/** The specification's cgroupsPath, by which a container's processes are found whatever else is lost. */
export const cgroupPath = (id: string): string => `/kontener/${id}`;

/**
 * Undoes everything that a record stands for, in the reverse order of its making; what is not there is no error, so it
 * serves a container that ended well, one that failed half-way, and one whose engine was killed.
 */
export async function removeContainer(held: Held, paths: Paths): Promise<void> {
  const { record } = held;
  const layout = readLayout();
  const cgroup = cgroupPath(record.id);
  await killCgroup(layout, cgroup);
  await removeCgroup(layout, cgroup);
  if (record.link !== null) {
    const { unplugLink } = await import("../network/apply.ts");
    const { releaseLeasesOf } = await import("../network/lease.ts");
    unplugLink(record.link);
    releaseLeasesOf(record.id, paths);
  }
  if (record.scratch !== null && !record.keep)
    rmSync(record.scratch, { recursive: true, force: true });
  removeRecord(held, paths);
}
