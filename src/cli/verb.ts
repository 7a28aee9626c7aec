import { invalid } from "../abi/error.ts";
import type { Flag } from "./flags.ts";
import { readFlags } from "./read-flags.ts";

/** What was written behind a verb. */
export type Given<Name extends string> = {
  /** The flag's last value. */
  value(name: Name): string | undefined;
  values(name: Name): string[];
  /** A switch. */
  has(name: Name): boolean;
  words: string[];
};

export type VerbDefinition<F extends Flag> = {
  /** As it is typed: "stop [flags] CONTAINER…". */
  synopsis: string;
  summary: string;
  flags: readonly F[];
  /** The number of words that it takes, at least and at most. */
  words: readonly [least: number, most: number];
  /** Flags end at the first word: what follows belongs to a command (`exec`). */
  ordered?: true;
  run(given: Given<F["name"]>): Promise<number>;
};

/** A verb that parses its own words, with run's parser; the result has what `verbs.ts` wants. */
export function verb<const F extends Flag>(definition: VerbDefinition<F>) {
  const { synopsis, summary, flags } = definition;
  const name = synopsis.split(" ")[0]!;
  const run = async (argv: readonly string[]): Promise<number> => {
    const { given, help } = read(argv, definition);
    if (help) {
      const { printUsage } = await import("./usage.ts");
      await printUsage(synopsis, summary, { Flags: [...flags, helpFlag] });
      return 0;
    }
    const [least, most] = definition.words;
    if (given.words.length < least)
      throw invalid(`${name} needs more words than that`, `kontener ${synopsis}`);
    if (given.words.length > most)
      throw invalid(
        `${name} does not take ${JSON.stringify(given.words[most])}`,
        `kontener ${synopsis}`,
      );
    return await definition.run(given);
  };
  return { summary, run, synopsis, flags: [...flags, helpFlag] as readonly Flag[] };
}

const helpFlag: Flag = { name: "help", help: "print this" };

function read<F extends Flag>(
  argv: readonly string[],
  { flags: table, ordered }: VerbDefinition<F>,
): { given: Given<F["name"]>; help: boolean } {
  const found: { name: string; value: string }[] = [];
  const words: string[] = [];
  for (let left = argv; ;) {
    const { flags, rest } = readFlags<Flag>(left, [...table, helpFlag]);
    found.push(...flags);
    words.push(...(ordered ? rest : rest.slice(0, 1)));
    if (ordered || rest.length === 0) break;
    left = rest.slice(1); // as in docker, flags may come behind names: rm web -f
  }
  const values = (name: string) => found.filter((f) => f.name === name).map((f) => f.value);
  const value = (name: string) => values(name).at(-1);
  const has = (name: string) => (value(name) ?? "false") !== "false";
  return { given: { value, values, has, words }, help: has("help") };
}
