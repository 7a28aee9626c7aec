import { invalid } from "../abi/error.ts";
import type { Entry } from "../engine/list.ts";
import { findContainer, listContainers } from "../engine/list.ts";
import { paths as statePaths, type Paths } from "../linux/paths.ts";
import { isRunning } from "../engine/list.ts";
import type { Flag } from "./flags.ts";
import { matches, parseFilter } from "./ps-filters.ts";
import { oneByOne } from "./one-by-one.ts";
import { errorText, say } from "./report.ts";

/**
 * Does the same to several containers, one after the other; prints each word that it was done for, as docker does.
 * What fails for one is told, and the others have their turn: the exit code is then 1.
 */
export async function forEachContainer(
  words: readonly string[],
  act: (entry: Entry, paths: Paths) => Promise<string | undefined | void>,
): Promise<number> {
  const paths = statePaths();
  return await oneByOne(words, async (word) => {
    console.log((await act(findContainer(word, paths), paths)) ?? word);
  });
}

/** Instead of names; podman's. Filters are those of `ps`. */
export const choiceFlags = [
  { name: "all", short: "a", help: "all of them, instead of names" },
  {
    name: "filter",
    value: "KEY=VALUE",
    repeatable: true,
    help: "those that kontener ps --filter shows, instead of names",
  },
] as const satisfies readonly Flag[];

type Choice = {
  words: string[];
  has(name: "all"): boolean;
  values(name: "filter"): string[];
};

/** The names that were written, or the ids of all containers that `--all` or `--filter` mean and the verb is `fit` for. */
export function chosen(
  { words, has, values }: Choice,
  fit: (entry: Entry) => boolean = () => true,
): string[] {
  const filters = values("filter").map(parseFilter);
  const wanted = has("all") || filters.length > 0;
  if (wanted && words.length > 0)
    throw invalid(
      `--all and --filter stand instead of names: ${JSON.stringify(words[0])} is too much`,
    );
  if (!wanted && words.length === 0) throw invalid("which container?", "a name, an id, or --all");
  if (!wanted) return words;
  const all = listContainers(statePaths(), (e) => say(errorText(e, false).message));
  return all
    .filter((entry) => fit(entry) && matches(entry, filters, all))
    .map(({ record }) => record.id);
}

/** What verbs that end or hold processes are fit for. */
export const isUp = ({ status }: Entry): boolean => isRunning(status);
