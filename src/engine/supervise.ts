import { tryReadText } from "../linux/files.ts";
import { paths as statePaths } from "../linux/paths.ts";
import { exclusively } from "./exclusive.ts";
import { readEntry, type Entry } from "./list.ts";
import { startAgain } from "./start-again.ts";
import { isMarked, writeWhole } from "./state.ts";

/** docker's: from 100 ms on, twice as long each time, at most a minute; from the start again after ten good seconds. */
const [FIRST_DELAY, LONGEST_DELAY, GOOD_LIFE] = [100, 60_000, 10_000];

/**
 * `--restart`: what a monitor becomes by execve(2) when its container has ended, so that nothing of the engine stays while
 * the container runs. Starts it again where its policy says so, after a delay, and ends: the new one has a monitor.
 */
export async function supervise(id: string): Promise<void> {
  const paths = statePaths();
  const entry = readEntry(id, paths);
  if (!entry || !wants(entry)) return;
  const restarts = countOf(entry);
  await Bun.sleep(Math.min(FIRST_DELAY * 2 ** restarts.inARow, LONGEST_DELAY));
  await exclusively(entry, paths, async (now) => {
    if (now.status !== "exited" || !wants(now)) return;
    writeWhole(
      countFile(now),
      `${restarts.all + 1} ${restarts.inARow + 1}
`,
    );
    await startAgain(now, paths, { warn: () => undefined });
  });
}

/** Somebody who stops a container wants it to be stopped. */
function wants({ record, directory, exit }: Entry): boolean {
  if (!record.restart || isMarked(directory, "stopped")) return false;
  const { when, most } = record.restart;
  if (when !== "on-failure") return true;
  return exit?.code !== 0 && (most === null || countOf({ record, directory }).all < most);
}

type Restarts = { all: number; inARow: number };
/** Beside the record: both numbers, as text. */
const countFile = ({ directory }: Pick<Entry, "directory">): string => `${directory}/restarts`;

function countOf(entry: Pick<Entry, "directory" | "record"> & Partial<Entry>): Restarts {
  const [all = 0, inARow = 0] = tryReadText(countFile(entry))?.split(" ").map(Number) ?? [];
  const { state, exit } = entry;
  const life = state && exit ? Date.parse(exit.finished) - Date.parse(state.started) : 0;
  return { all, inARow: life >= GOOD_LIFE ? 0 : inARow };
}
