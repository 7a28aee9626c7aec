import { KontenerError } from "../abi/error.ts";
import {
  exists,
  isErrno,
  makeDirectories,
  makeDirectory,
  readLink,
  readText,
  removeTree,
  rename,
  symlink,
  tryList,
  unlink,
  writeText,
} from "../linux/files.ts";
import { confirmStored } from "../image/stored.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import type { ContainerOptions } from "../spec/options.ts";
import type { RestartPolicy } from "../spec/restart.ts";
import { writeWhole } from "./state.ts";

/**
 * A container's record, written before anything else of it exists, so that whoever finds it can undo the rest.
 *
 *   <run>/containers/<id>/record.json   this
 *   <run>/containers/<id>/lock          locked by its engine, or if detached by its monitor (flock(2)): free means that
 *                                       nobody looks after it
 *   <run>/containers/<id>/verb.lock     held by the command that changes it
 *   <run>/containers/<id>/hosts …       files that are mounted into the container
 *   <run>/containers/<id>/state.json …  what becomes of it: see state.ts
 *   <run>/names/<name>                  a link to the id: a name belongs to whoever made the link
 */
export type Record = {
  id: string;
  name: string;
  hostname: string;
  image: string;
  /** Of an image in the content-addressed store: what it was made from, whatever the name means later. */
  imageId: string | null;
  created: string;
  command: string[];
  /** No command of its own: PID 1 sleeps, and others are run in it (a box of the library). */
  idle: boolean;
  /** The engine's process. */
  engine: number;
  /** Directory with the writable layer, removed with the container unless `keep`. */
  scratch: string | null;
  keep: boolean;
  /** The host's end of the container's network cable. */
  link: string | null;
  options: ContainerOptions;
  /** It outlives its engine, and stays when it has ended. */
  detached: boolean;
  /** Detached, but removed when it has ended (`--rm`). */
  autoRemove: boolean;
  /** Where its output is kept: files of `logs.ts`. */
  logs: LogSettings | null;
  /** Volumes that it brought along, which go with it. */
  volumes: string[];
  /** Started again when it has ended; null: never. */
  restart: RestartPolicy | null;
};

export type LogSettings = { directory: string; maxSize: number | null; maxFiles: number };

export type Held = { record: Record; directory: string; lockFd: number };

export const containersDirectory = (paths: Paths): string => `${paths.run}/containers`;
const namesDirectory = (paths: Paths): string => `${paths.run}/names`;

/** A record that comes or goes; the name ends with the process that is at it. */
const transient = (phase: "new" | "old", id: string): string => `.${phase}-${id}.${process.pid}`;

/** Writes the record and takes its lock and its name. Throws CONFLICT where the name is another container's. */
export function createRecord(record: Record, paths: Paths): Held {
  const containers = containersDirectory(paths);
  makeDirectories(namesDirectory(paths), 0o711);
  // Locked before it can be found under its name: an unlocked record is one whose engine is gone.
  const young = `${containers}/${transient("new", record.id)}`;
  try {
    makeDirectory(young, 0o711);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    makeDirectories(containers, 0o711);
    makeDirectory(young, 0o711);
  }
  const lockFd = tryLock(`${young}/lock`)!; // nobody else knows the path
  const directory = `${containers}/${record.id}`;
  try {
    writeText(`${young}/record.json`, `${JSON.stringify(record)}\n`, 0o600);
    rename(young, directory);
    claimName(record, paths);
    // Whoever removes images looks at the records of containers last: one of the two sees the other.
    if (record.imageId !== null) confirmStored(record.imageId, paths);
  } catch (error) {
    removeTree(young);
    removeTree(directory);
    unlock(lockFd);
    throw error;
  }
  return { record, directory, lockFd };
}

function claimName({ name, id }: Record, paths: Paths): void {
  const link = `${namesDirectory(paths)}/${name}`;
  try {
    symlink(id, link);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    const owner = readLink(link);
    throw new KontenerError(`the name “${name}” is taken by container ${owner}`, {
      code: "CONFLICT",
      hint: "choose another --name, or end that container first",
    });
  }
}

/** Gives a container another name. Throws CONFLICT where another container has it. */
export function renameRecord(record: Record, name: string, paths: Paths): void {
  const renamed = { ...record, name };
  claimName(renamed, paths);
  rewriteRecord(renamed, paths);
  releaseName(record, paths);
}

/** Puts another record in the place of the one that is there; whoever does holds `verb.lock`. */
export const rewriteRecord = (record: Record, paths: Paths): void =>
  writeWhole(
    `${containersDirectory(paths)}/${record.id}/record.json`,
    `${JSON.stringify(record)}\n`,
  );

/** The last thing that happens to a container. */
export function removeRecord({ record, directory, lockFd }: Held, paths: Paths): void {
  // Gone at once: half of a record would be nobody's.
  const old = `${containersDirectory(paths)}/${transient("old", record.id)}`;
  try {
    rename(directory, old);
    releaseName(record, paths);
    const name = nameNow(old);
    if (name !== undefined && name !== record.name) releaseName({ ...record, name }, paths);
    removeTree(old);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
  unlock(lockFd);
}

/** It may have been renamed since whoever removes it has read the record. */
function nameNow(directory: string): string | undefined {
  try {
    return (JSON.parse(readText(`${directory}/record.json`)) as Record).name;
  } catch {
    return undefined;
  }
}

function releaseName({ name, id }: Pick<Record, "name" | "id">, paths: Paths): void {
  const link = `${namesDirectory(paths)}/${name}`;
  try {
    if (readLink(link) === id) unlink(link);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

/** Ids of all records, whoever looks after them. `entries`: what the directory holds, where it has been read already. */
export function listRecords(paths: Paths, entries = tryList(containersDirectory(paths))): string[] {
  return entries.filter((name) => !name.startsWith("."));
}

/**
 * Records that engines which are gone had begun to write or to remove: nothing else is there any more, or yet.
 *
 * @returns what the directory held
 */
export function removeUnfinished(paths: Paths): string[] {
  const directory = containersDirectory(paths);
  const entries = tryList(directory);
  for (const entry of entries) {
    const [, id = "", pid = ""] = /^\.(?:new|old)-(\w+)\.(\d+)$/.exec(entry) ?? [];
    if (id === "" || exists(`/proc/${pid}`)) continue;
    for (const name of tryList(namesDirectory(paths))) releaseName({ name, id }, paths);
    removeTree(`${directory}/${entry}`);
  }
  return entries;
}

/** The id that a name belongs to. */
export function idOfName(name: string, paths: Paths): string | undefined {
  try {
    return readLink(`${namesDirectory(paths)}/${name}`);
  } catch {
    return undefined;
  }
}

/** Reads a record; a torn or foreign one is an error in words. undefined where there is none (any more). */
export async function readRecord(id: string, paths: Paths): Promise<Record | undefined> {
  return readRecordWith((await import("./record-schema.ts")).parseRecord, id, paths);
}

/** The same where the schema is loaded. */
export function readRecordWith(
  parse: (text: string) => Record,
  id: string,
  paths: Paths,
): Record | undefined {
  const file = `${containersDirectory(paths)}/${id}/record.json`;
  try {
    const record = parse(readText(file));
    if (record.id !== id) throw new Error(`it is about container ${record.id}`);
    return record;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw new KontenerError(
      `cannot read the container's record ${file}: ${(error as Error).message}`,
      {
        code: "INVALID",
        hint: `remove it if it is not kontener's: rm -r ${containersDirectory(paths)}/${id}`,
        cause: error,
      },
    );
  }
}
