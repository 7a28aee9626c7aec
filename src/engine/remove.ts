import { killCgroup } from "../cgroup/kill.ts";
import { readLayout } from "../cgroup/host.ts";
import { removeCgroup, tryRemoveCgroup } from "../cgroup/remove.ts";
import { exists, removeTree, tryList, tryRemoveDirectory } from "../linux/files.ts";
import { turn } from "../linux/turn.ts";
import type { Paths } from "../linux/paths.ts";
import { overlayPaths } from "../oci/overlay.ts";
import { releaseIdRange } from "./id-range.ts";
import { note } from "./journal.ts";
import { removeRecord, type Held, type Record } from "./record.ts";
import { isMarked, readExit } from "./state.ts";

/** The specification's cgroupsPath, by which a container's processes are found whatever else is lost. */
export const cgroupPath = (id: string): string => `/kontener/${id}`;

/** Ends a container's processes and gives back what it has of the host, all but its files; what is not there is no error. */
export async function releaseResources(record: Record, paths: Paths): Promise<void> {
  const layout = readLayout();
  const cgroup = cgroupPath(record.id);
  // A container that ended by itself took its processes with it (pid_namespaces(7)): most groups are empty.
  if (!tryRemoveCgroup(layout, cgroup)) {
    await killCgroup(layout, cgroup);
    await removeCgroup(layout, cgroup);
  }
  await turn();
  if (record.link !== null) {
    const { unplugLink } = await import("../network/apply.ts");
    const { releaseLeasesOf } = await import("../network/lease.ts");
    for (const link of cablesOf(record)) unplugLink(link);
    await unpublish(record, paths);
    releaseLeasesOf(record.id, paths);
  }
  if (record.options.userns === "auto") releaseIdRange(record.id, paths);
}

/** Those of several networks, and what `network connect` has added, are found by the id in their names. */
function cablesOf({ link, options: { network = "bridge" } }: Record): string[] {
  if (link === null) return [];
  if (network === "bridge") return [link];
  return tryList("/sys/class/net").filter((name) => name.startsWith(link));
}

/** Ports first: an address that is leased again must not bring them along. Neighbours forget the name before that, too. */
async function unpublish({ id, options }: Record, paths: Paths): Promise<void> {
  if (options.publishAll || options.publish?.length)
    await (await import("../network/publish.ts")).releasePorts(id, paths);
  if (options.network !== undefined && options.network !== "bridge")
    await (await import("./hosts.ts")).announce(id, paths, "everywhere");
}

/**
 * Undoes everything that a record stands for, in the reverse order of its making; what is not there is no error, so it
 * serves a container that ended well, one that failed half-way, and one whose engine was killed.
 */
export async function removeContainer(held: Held, paths: Paths): Promise<void> {
  const { record, directory } = held;
  if (record.detached && !isMarked(directory, "settled")) noteEnd(held);
  await releaseResources(record, paths);
  if (record.detached) (await import("./reboot.ts")).removeCopy(record.id, paths);
  if (record.logs !== null) removeTree(record.logs.directory);
  if (record.volumes.length > 0 && !record.keep)
    await (await import("./volumes.ts")).removeOwnVolumes(record, paths);
  if (record.scratch !== null && !record.keep) await removeScratch(record.scratch);
  await turn();
  removeRecord(held, paths);
  note(directory, record, "destroy");
}

/** What its monitor could not tell whoever follows the journal. */
export function noteEnd({ record, directory }: Held): void {
  if (!exists(`${directory}/state.json`)) return;
  const exit = readExit(directory);
  const time = exit ? Date.parse(exit.finished) : Date.now();
  note(directory, record, "die", { exitCode: String(exit?.code ?? 137) }, time);
}

/** Most containers write nothing: then five calls do it. Else node:fs, which is loaded only for that, goes down the tree, in threads. */
async function removeScratch(scratch: string): Promise<void> {
  const { upper, work, merged } = overlayPaths(scratch);
  if ([`${work}/work`, work, merged, upper, scratch].map(tryRemoveDirectory).at(-1)) return;
  const { rm } = await import("node:fs/promises");
  await rm(scratch, { recursive: true, force: true });
}
