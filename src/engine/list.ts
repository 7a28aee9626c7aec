import { KontenerError } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { isFrozen } from "../cgroup/freeze.ts";
import { readLayout } from "../cgroup/host.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import type { Paths } from "../linux/paths.ts";
import {
  containersDirectory,
  idOfName,
  listRecords,
  readRecordWith,
  type Record,
} from "./record.ts";
import { parseRecord, parseState } from "./record-schema.ts";
import { cgroupPath } from "./remove.ts";
import { isMarked, lives, readExit, readStateWith, type Exit, type State } from "./state.ts";

export type Status = "created" | "running" | "paused" | "exited";

export const isRunning = (status: Status): boolean => status === "running" || status === "paused";

/** A container as its files and the kernel show it at one moment. */
export type Entry = {
  record: Record;
  /** Where its files are. */
  directory: string;
  status: Status;
  /** Its first process, which may have ended; undefined where it has never been started. */
  state: State | undefined;
  /** How it ended, where somebody has noted it. */
  exit: Exit | undefined;
  oomKilled: boolean;
};

/**
 * Containers, the youngest first. One whose files cannot be read is told of and left out. `ended`: also those that have
 * ended, of which {@link Entry.state} is left out: a thousand of them should not take long.
 */
export function listContainers(
  paths: Paths,
  broken: (error: unknown) => void,
  ended = true,
): Entry[] {
  const entries: Entry[] = [];
  const layout = readLayout();
  for (const id of listRecords(paths)) {
    const directory = `${containersDirectory(paths)}/${id}`;
    if (!ended && isMarked(directory, "settled")) continue;
    try {
      const entry = readEntry(id, paths, layout, true);
      if (entry) entries.push(entry);
    } catch (error) {
      broken(error);
    }
  }
  return entries.sort((a, b) => b.record.created.localeCompare(a.record.created));
}

/** undefined where it has been removed meanwhile. */
export function readEntry(
  id: string,
  paths: Paths,
  layout: CgroupLayout = readLayout(),
  brief = false,
): Entry | undefined {
  const record = readRecordWith(parseRecord, id, paths);
  if (!record) return undefined;
  const directory = `${containersDirectory(paths)}/${id}`;
  const exit = readExit(directory);
  const state = exit && brief ? undefined : readStateWith(parseState, directory);
  return {
    record,
    directory,
    status: statusOf(state, exit, () => isFrozen(layout, cgroupPath(id))),
    state,
    exit,
    oomKilled: isMarked(directory, "oom-killed"),
  };
}

function statusOf(
  state: State | undefined,
  exit: Exit | undefined,
  isPaused: () => boolean,
): Status {
  if (exit) return "exited";
  if (!state) return "created";
  if (!lives(state)) return "exited";
  return isPaused() ? "paused" : "running";
}

/**
 * The container that a word means: its name, its id, or the beginning of its id where no other's begins so.
 *
 * @throws KontenerError NOT_FOUND, INVALID where it is ambiguous
 */
export function findContainer(word: string, paths: Paths): Entry {
  const ids = listRecords(paths);
  const named = /^[\w.-]+$/.test(word) ? idOfName(word, paths) : undefined;
  const matches = named === undefined ? ids.filter((id) => word && id.startsWith(word)) : [named];
  if (matches.length > 1)
    throw new KontenerError(`${JSON.stringify(word)} is the beginning of several containers' ids`, {
      code: "INVALID",
      hint: `one of ${matches.join(", ")}`,
      exitCode: 1,
    });
  const entry = matches[0] === undefined ? undefined : readEntry(matches[0], paths);
  if (entry) return entry;
  throw notFound(word, paths);
}

function notFound(word: string, paths: Paths): KontenerError {
  const names = listContainers(paths, () => undefined).map(({ record }) => record.name);
  const close = nearest(word, names);
  const few = names.slice(0, 10).join(", ");
  const hint = close.length > 0 ? `did you mean ${close.join(" or ")}?` : `there are: ${few}`;
  return new KontenerError(`there is no container ${JSON.stringify(word)}`, {
    code: "NOT_FOUND",
    hint: names.length > 0 ? hint : "kontener ps -a lists them: there are none",
    exitCode: 1,
  });
}
