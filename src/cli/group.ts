import { parseChoice } from "../spec/values.ts";
import type { OwnVerb } from "./verbs.ts";

/** A verb of verbs: `volume create …`. Completion finds them in `actions`. */
export function group<const A extends Record<string, OwnVerb>>(
  name: string,
  summary: string,
  actions: A,
) {
  const names = Object.keys(actions);
  const run = async (argv: readonly string[]): Promise<number> => {
    const [action = "--help"] = argv;
    if (action !== "--help" && action !== "-h")
      return await actions[parseChoice(name, action, names)]!.run(argv);
    for (const one of new Set(Object.values(actions))) await one.run(["--help"]);
    return 0;
  };
  return { actions, summary, run };
}
