import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import type { Flag } from "./flags.ts";

/** Flags in the order in which they were written, and everything from the first word that is none. */
export type Reading<Name extends string> = {
  flags: { name: Name; value: string }[];
  rest: string[];
};

/**
 * Reads flags until the first word that is none (`run alpine ls --memory=9`: the last word belongs to ls) or until `--`.
 * `-m100m`, `-m 100m`, `-m=100m`, `--memory 100m`, `--memory=100m`, `-it` and `--init=false` are all there, as in docker.
 *
 * Why not util.parseArgs: it costs 1.3 ms of a cold start (compiled), an eighth of the whole; a test holds the two together.
 */
export function readFlags<const F extends Flag>(
  argv: readonly string[],
  table: readonly F[],
): Reading<F["name"]> {
  const reading: Reading<F["name"]> = { flags: [], rest: [] };
  const words = argv[Symbol.iterator]();
  const take = (found: Flag, written: string, attached: string | undefined): void => {
    let value = attached ?? (found.value === undefined ? "true" : undefined);
    if (value === undefined) {
      const next = words.next();
      if (next.done) throw invalid(`${written} needs a value: ${written} ${found.value}`);
      value = next.value;
    }
    reading.flags.push({ name: found.name, value });
  };
  for (const word of words) {
    if (word === "--") break;
    if (!word.startsWith("-") || word === "-") {
      reading.rest.push(word);
      break;
    }
    if (word.startsWith("--")) {
      const at = word.indexOf("=");
      const written = at < 0 ? word : word.slice(0, at);
      take(findLong(written, table), written, at < 0 ? undefined : word.slice(at + 1));
    } else readCluster(word, table, take);
  }
  reading.rest.push(...words);
  return reading;
}

/** `-it`, `-itm100m`: switches, and last a flag with its value. */
function readCluster(
  word: string,
  table: readonly Flag[],
  take: (found: Flag, written: string, attached: string | undefined) => void,
): void {
  for (let i = 1; i < word.length; i++) {
    const written = `-${word[i]}`;
    const found = table.find((flag) => flag.short === word[i]);
    if (!found) throw unknown(i === 1 && word.length > 2 ? `-${word}` : written, written, table);
    const attached = word.slice(i + 1);
    const explicit = attached.startsWith("=");
    if (found.value === undefined && !explicit) take(found, written, undefined);
    else {
      take(found, written, attached === "" ? undefined : attached.slice(explicit ? 1 : 0));
      return;
    }
  }
}

function findLong(written: string, table: readonly Flag[]): Flag {
  const name = written.slice(2);
  const found = table.find((flag) => flag.name === name || flag.aliases?.includes(name));
  if (!found) throw unknown(written, written, table);
  return found;
}

/** `-memory` is read as a cluster that starts with -m; where a letter is unknown, the long spelling may be meant. */
function unknown(guess: string, written: string, table: readonly Flag[]): Error {
  const spellings = table.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const meant = nearest(guess.replace(/^-+/, ""), spellings).map((name) => `--${name}`);
  return invalid(
    `there is no flag ${written}`,
    meant.length > 0 ? `did you mean ${meant.join(" or ")}?` : "--help lists the flags",
  );
}
