import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";

/**
 * A container's record, written before anything else of it exists, so that whoever finds it can undo the rest.
 *
 *   <run>/containers/<id>/record.json   this
 *   <run>/containers/<id>/lock          locked by the engine while it lives (flock(2)): free means nobody looks after it
 *   <run>/containers/<id>/hosts …       files that are mounted into the container
 *   <run>/names/<name>                  a link to the id: a name belongs to whoever made the link
 */
export type Record = {
  id: string;
  name: string;
  hostname: string;
  image: string;
  created: string;
  command: string[];
  /** The engine's process. */
  engine: number;
  /** Directory with the writable layer, removed with the container unless `keep`. */
  scratch: string | null;
  keep: boolean;
  /** The host's end of the container's network cable. */
  link: string | null;
};

export type Held = { record: Record; directory: string; lockFd: number };

export const containersDirectory = (paths: Paths): string => `${paths.run}/containers`;
const namesDirectory = (paths: Paths): string => `${paths.run}/names`;

/** Writes the record and takes its lock and its name. Throws CONFLICT where the name is another container's. */
export function createRecord(record: Record, paths: Paths): Held {
  const containers = containersDirectory(paths);
  mkdirSync(containers, { recursive: true, mode: 0o711 });
  mkdirSync(namesDirectory(paths), { recursive: true, mode: 0o711 });
  // Locked before it can be found under its name: an unlocked record is one whose engine is gone.
  const young = `${containers}/.new-${record.id}`;
  mkdirSync(young, { mode: 0o711 });
  const lockFd = tryLock(`${young}/lock`)!; // nobody else knows the path
  const directory = `${containers}/${record.id}`;
  try {
    writeFileSync(`${young}/record.json`, `${JSON.stringify(record)}\n`);
    renameSync(young, directory);
    claimName(record, paths);
  } catch (error) {
    rmSync(young, { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
    unlock(lockFd);
    throw error;
  }
  return { record, directory, lockFd };
}

function claimName({ name, id }: Record, paths: Paths): void {
  const link = `${namesDirectory(paths)}/${name}`;
  try {
    symlinkSync(id, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const owner = readlinkSync(link);
    throw new KontenerError(`the name “${name}” is taken by container ${owner}`, {
      code: "CONFLICT",
      hint: "choose another --name, or end that container first",
    });
  }
}

/** The last thing that happens to a container. */
export function removeRecord({ record, directory, lockFd }: Held, paths: Paths): void {
  releaseName(record, paths);
  rmSync(directory, { recursive: true, force: true });
  unlock(lockFd);
}

function releaseName({ name, id }: Record, paths: Paths): void {
  const link = `${namesDirectory(paths)}/${name}`;
  try {
    if (readlinkSync(link) === id) unlinkSync(link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Ids of all records, whoever looks after them. */
export function listRecords(paths: Paths): string[] {
  try {
    return readdirSync(containersDirectory(paths)).filter((name) => !name.startsWith("."));
  } catch {
    return [];
  }
}

/** Reads a record; a torn or foreign one is an error in words. */
export function readRecord(id: string, paths: Paths): Record {
  const file = `${containersDirectory(paths)}/${id}/record.json`;
  try {
    const record = JSON.parse(readFileSync(file, "utf8")) as Record;
    if (record.id !== id) throw new Error(`it is about container ${record.id}`);
    return record;
  } catch (error) {
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
