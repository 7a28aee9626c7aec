import {
  exists,
  makeDirectories,
  readText,
  removeTree,
  tryList,
  unlink,
  writeText,
} from "../linux/files.ts";
import { unlock, withLock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { containersDirectory, createRecord, type Record } from "./record.ts";
import { mark, writeKilled, writeWhole } from "./state.ts";

/**
 * What survives a reboot, or a power cut. `<run>` is in memory; in `<lib>` is a copy of each record that is to stay:
 *
 *   <lib>/records/<id>.json         the record of a detached container (without `--rm`), until it is removed
 *   <lib>/containers/<id>           writable layers; `kept` in it: somebody wants it without a record (`run --keep`)
 *   <lib>/logs/<id>                 output
 *   <run>/restored                  this has been done since the boot
 */
const recordsDirectory = (paths: Paths): string => `${paths.lib}/records`;
const copyOf = (id: string, paths: Paths): string => `${recordsDirectory(paths)}/${id}.json`;

export const staysAfterReboot = ({ detached, autoRemove }: Record): boolean =>
  detached && !autoRemove;

/** Written before the container can count as one that stays, and after each change of its record. */
export function saveCopy(record: Record, paths: Paths): void {
  makeDirectories(recordsDirectory(paths), 0o700);
  writeWhole(copyOf(record.id, paths), `${JSON.stringify(record)}\n`);
}

export function removeCopy(id: string, paths: Paths): void {
  const copy = copyOf(id, paths);
  for (const file of [copy, `${copy}.new`]) if (exists(file)) unlink(file);
}

/**
 * The first command after a boot: containers that were to stay are there again, ended; files that belong to nobody are
 * removed. Costs one look where it has been done.
 */
export async function restoreAfterReboot(paths: Paths): Promise<void> {
  const done = `${paths.run}/restored`;
  if (exists(done)) return;
  makeDirectories(containersDirectory(paths), 0o711);
  await withLock(`${paths.run}/restore.lock`, async () => {
    if (exists(done)) return;
    for (const name of tryList(recordsDirectory(paths)))
      if (name.endsWith(".json")) await restore(name.slice(0, -".json".length), paths);
    await removeOrphans(paths);
    writeText(done, "", 0o600);
  });
}

async function restore(id: string, paths: Paths): Promise<void> {
  const directory = `${containersDirectory(paths)}/${id}`;
  if (exists(directory)) return;
  const { parseRecord } = await import("./record-schema.ts");
  let record: Record;
  try {
    record = parseRecord(readText(copyOf(id, paths)));
    if (record.id !== id) throw new Error("it is about another container");
  } catch {
    return; // cut off by the power cut itself: its files go with the orphans
  }
  const held = createRecord(record, paths);
  // It was started: it ended with the machine.
  if (record.logs !== null && exists(record.logs.directory)) {
    const state = { pid: 0, ticks: 0, started: record.created, address: null };
    writeWhole(`${directory}/state.json`, `${JSON.stringify(state)}\n`);
    writeKilled(directory);
  }
  mark(directory, "kept");
  mark(directory, "settled");
  unlock(held.lockFd);
}

/** What a power cut has left: layers and output without a record. */
async function removeOrphans(paths: Paths): Promise<void> {
  const known = (id: string) => exists(`${containersDirectory(paths)}/${id}`);
  const { rmSync } = await import("node:fs");
  for (const id of tryList(`${paths.lib}/containers`)) {
    const directory = `${paths.lib}/containers/${id}`;
    if (!known(id) && !exists(`${directory}/kept`))
      rmSync(directory, { recursive: true, force: true });
  }
  for (const id of tryList(`${paths.lib}/logs`))
    if (!known(id)) removeTree(`${paths.lib}/logs/${id}`);
  for (const name of tryList(recordsDirectory(paths)))
    if (!known(name.replace(/\.json(\.new)?$/, ""))) unlink(`${recordsDirectory(paths)}/${name}`);
}
