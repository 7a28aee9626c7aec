import type { ArgsDef, CommandDef } from "citty";
import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";

/**
 * Refuses flags and arguments that a command does not have, and flags without their value: citty passes over them. A
 * positional argument whose name ends in `…` stands for any number of words.
 *
 * @throws KontenerError INVALID
 */
export function checkFlags(verb: string, argv: readonly string[], command: CommandDef<any>): void {
  const args = (command.args ?? {}) as ArgsDef;
  const flags = Object.entries(args).filter(([, arg]) => arg.type !== "positional");
  const places = Object.keys(args).filter((name) => args[name]?.type === "positional");
  const names = flags.map(([name]) => name);
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") break;
    if (!word.startsWith("-")) {
      words.push(word);
      continue;
    }
    const [written = "", attached] = word.split("=", 2);
    const found = flags.find(([name]) => written === `--${name}`)?.[1];
    if (!found) {
      const meant = nearest(written.replace(/^-+/, ""), names).map((name) => `--${name}`);
      throw invalid(
        `${verb} has no flag ${written}`,
        meant.length > 0 ? `did you mean ${meant.join(" or ")}?` : `kontener ${verb} --help`,
      );
    }
    if (found.type === "boolean" || attached !== undefined) continue;
    if (argv[++i] === undefined) throw invalid(`${written} needs a value`);
  }
  const takesMany = places.some((name) => name.endsWith("…"));
  if (words.length > places.length && !takesMany)
    throw invalid(
      `${verb} does not take ${JSON.stringify(words[places.length])}`,
      `kontener ${verb} --help`,
    );
}
