import { KontenerError } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { isFrozen } from "../cgroup/freeze.ts";
import { readLayout } from "../cgroup/host.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import type { Paths } from "../linux/paths.ts";
import { containersDirectory, idOfName, listRecords, readRecord, type Record } from "./record.ts";
import { cgroupPath } from "./remove.ts";
import { isMarked, lives, readExit, readState, type Exit, type State } from "./state.ts";

export type Status = "created" | "running" | "paused" | "exited";

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

/** All containers, the youngest first. One whose files cannot be read is told of and left out. */
export async function listContainers(
  paths: Paths,
  broken: (error: unknown) => void,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  const layout = readLayout();
  for (const id of listRecords(paths)) {
    try {
      const entry = await readEntry(id, paths, layout);
      if (entry) entries.push(entry);
    } catch (error) {
      broken(error);
    }
  }
  return entries.sort((a, b) => b.record.created.localeCompare(a.record.created));
}

/** undefined where it has been removed meanwhile. */
export async function readEntry(
  id: string,
  paths: Paths,
  layout: CgroupLayout = readLayout(),
): Promise<Entry | undefined> {
  const record = await readRecord(id, paths);
  if (!record) return undefined;
  const directory = `${containersDirectory(paths)}/${id}`;
  const state = await readState(directory);
  const exit = readExit(directory);
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
  if (!state) return "created";
  if (exit || !lives(state)) return "exited";
  return isPaused() ? "paused" : "running";
}

/**
 * The container that a word means: its name, its id, or the beginning of its id where no other's begins so.
 *
 * @throws KontenerError NOT_FOUND, INVALID where it is ambiguous
 */
export async function findContainer(word: string, paths: Paths): Promise<Entry> {
  const ids = listRecords(paths);
  const named = /^[\w.-]+$/.test(word) ? idOfName(word, paths) : undefined;
  const matches = named === undefined ? ids.filter((id) => word && id.startsWith(word)) : [named];
  if (matches.length > 1)
    throw new KontenerError(`${JSON.stringify(word)} is the beginning of several containers' ids`, {
      code: "INVALID",
      hint: `one of ${matches.join(", ")}`,
      exitCode: 1,
    });
  const entry = matches[0] === undefined ? undefined : await readEntry(matches[0], paths);
  if (entry) return entry;
  throw await notFound(word, paths);
}

async function notFound(word: string, paths: Paths): Promise<KontenerError> {
  const names = (await listContainers(paths, () => undefined)).map(({ record }) => record.name);
  const close = nearest(word, names);
  const few = names.slice(0, 10).join(", ");
  const hint = close.length > 0 ? `did you mean ${close.join(" or ")}?` : `there are: ${few}`;
  return new KontenerError(`there is no container ${JSON.stringify(word)}`, {
    code: "NOT_FOUND",
    hint: names.length > 0 ? hint : "kontener ps -a lists them: there are none",
    exitCode: 1,
  });
}
