import { runFlags } from "../flags.ts";
import { ownVerbs, shortened, isOwnVerb, type OwnVerb } from "../verbs.ts";
import { namesOf } from "./names.ts";
import { suggest, type Suggestion } from "./suggest.ts";

/** Verbs that citty parses have few flags, and are not in ownVerbs. */
const others = ["prepare", "doctor", "help"];

/**
 * Prints what the last word may become, one on each line, with a tab and what it means where that is known; a last line
 * ":files" stands for the names of files. What goes wrong is not told: who presses Tab wants no message.
 */
export async function printCompletions(words: readonly string[]): Promise<number> {
  const current = words.at(-1) ?? "";
  const found = await suggestionFor(words).catch((): Suggestion => ({ words: [] }));
  const names = found.names ? await namesOf(found.names).catch((): string[] => []) : [];
  const before = current.startsWith("--") ? current.slice(0, current.indexOf("=") + 1) : "";
  const all = [...found.words, ...names.map((word) => ({ word: before + word, help: "" }))];
  for (const { word, help } of all)
    if (word.startsWith(current)) console.log(help ? `${word}\t${help}` : word);
  if (found.files) console.log(":files");
  return 0;
}

async function suggestionFor(words: readonly string[]): Promise<Suggestion> {
  const [verb = "", ...rest] = shortened(words);
  if (rest.length === 0)
    return { words: [...Object.keys(ownVerbs), ...others].map((word) => ({ word })) };
  if (!isOwnVerb(verb)) return { words: [] };
  const top: OwnVerb = await ownVerbs[verb]();
  if (top.actions && rest.length === 1)
    return { words: Object.keys(top.actions).map((word) => ({ word })) };
  const action = top.actions?.[rest[0]!];
  const { synopsis = "", flags = runFlags }: OwnVerb = action ?? top;
  return suggest(action ? rest.slice(1) : rest, { synopsis, flags });
}
