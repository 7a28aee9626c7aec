import type { Flag } from "../flags.ts";

/** What may stand somewhere: words, or names that are looked up (`kinds`), or files of the host. */
export type Suggestion = {
  words: { word: string; help?: string }[];
  names?: "CONTAINER" | "IMAGE" | "NETWORK" | "VOLUME";
  files?: boolean;
};

/** What completion has to know of a verb: the tables that parse its words. */
export type Syntax = { synopsis: string; flags: readonly Flag[] };

const nothing: Suggestion = { words: [] };

/**
 * What the last of a verb's words may become. `words` come behind the verb. Pure: the same tables that parse a command line
 * say what may be in it.
 */
export function suggest(words: readonly string[], { synopsis, flags }: Syntax): Suggestion {
  const current = words.at(-1) ?? "";
  const ordered = synopsis.includes("COMMAND");
  let places = 0;
  for (let i = 0; i < words.length - 1; i++) {
    const word = words[i]!;
    if (!word.startsWith("-") || word === "-" || (ordered && places > 0)) {
      places++;
      continue;
    }
    const flag = findFlag(word, flags);
    if (flag?.value === undefined || word.includes("=")) continue;
    if (word.startsWith("--") || word.endsWith(flag.short ?? "")) {
      if (i === words.length - 2) return valueOf(flag);
      i++; // its value
    }
  }
  const inCommand = ordered && places > 0;
  if (current.startsWith("-") && !inCommand) {
    const at = current.indexOf("=");
    const flag = at < 0 ? undefined : findFlag(current, flags);
    if (!flag) return { words: flags.map(({ name, help }) => ({ word: `--${name}`, help })) };
    const { words: values, ...more } = valueOf(flag);
    const before = current.slice(0, at + 1);
    return { words: values.map(({ word }) => ({ word: before + word })), ...more };
  }
  return placeOf(places, synopsis);
}

/** `-it` is a cluster: its last letter is the one that a value would belong to. */
function findFlag(word: string, flags: readonly Flag[]): Flag | undefined {
  const written = word.split("=")[0]!;
  return flags.find(({ name, short, aliases }) =>
    written.startsWith("--")
      ? written === `--${name}` || aliases?.includes(written.slice(2))
      : short !== undefined && written.endsWith(short),
  );
}

/** "private|host" are words; a name in capitals is a kind of thing. */
function valueOf({ name, value = "" }: Flag): Suggestion {
  if (name === "network" || name === "net") return { ...choices(value), names: "NETWORK" };
  if (name === "volume" || /FILE|DIR/.test(value)) return { words: [], files: true };
  return choices(value);
}

const choices = (value: string): Suggestion => ({
  words: value.split("|").flatMap((word) => (/^[a-z][a-z-]*$/.test(word) ? [{ word }] : [])),
});

/** By the synopsis: "rename CONTAINER NAME", "rm [flags] CONTAINER…"; the last place may be taken again and again. */
function placeOf(index: number, synopsis: string): Suggestion {
  const places = synopsis.split(" ").filter((word) => /^\[?[A-Z]/.test(word));
  const repeated = places.at(-1)?.includes("…") ? places.at(-1) : undefined;
  const place = places[index] ?? repeated ?? "";
  if (place.includes("CONTAINER:PATH")) return { words: [], names: "CONTAINER", files: true };
  if (place.includes("PATH") || place.includes("FILE") || place.includes("COMMAND"))
    return { words: [], files: true };
  const [, kind] = /^\[?(CONTAINER|IMAGE|NETWORK|VOLUME)/.exec(place) ?? [];
  return kind === undefined ? nothing : { words: [], names: kind as "CONTAINER" };
}
