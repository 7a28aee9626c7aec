#!/usr/bin/env bun
import { HEALTH_VERB, SUPERVISE_VERB } from "../engine/supervisor.ts";
import { REFERENCE_VERB } from "../launch/reference/start.ts";
import { tryCall } from "../linux/libc.ts";
import { COMPLETE_VERB } from "./completion/verb.ts";
import { report } from "./report.ts";
import { isOwnVerb, ownVerbs, shortened } from "./verbs.ts";

/**
 * `kontener VERB …`. What people wait for is loaded alone and parses its own words; every other verb, and help, goes by
 * citty's menu, which costs 2 to 3 ms more of a cold start (compiled).
 */
async function main(argv: readonly string[]): Promise<void> {
  const words = shortened(argv);
  const [verb, ...rest] = words;
  if (verb === REFERENCE_VERB) (await import("../launch/reference.ts")).serve();
  try {
    if (verb === SUPERVISE_VERB)
      return await (await import("../engine/supervise.ts")).supervise(rest[0] ?? "");
    if (verb === HEALTH_VERB)
      return await (await import("../engine/health-watch.ts")).watchHealth(rest[0] ?? "");
    if (verb === COMPLETE_VERB)
      exit(await (await import("./completion/complete.ts")).printCompletions(rest));
    if (isOwnVerb(verb)) exit(await (await ownVerbs[verb]()).run(rest));
    process.exitCode = await (await import("./menu.ts")).menu(words);
  } catch (error) {
    process.exit(await report(error));
  }
}

/** At once: what was printed is written already, and Bun's own farewell takes 1 ms (exit_group(2)). */
const exit = (code: number): void => void tryCall("exit_group", code);

void main(process.argv.slice(2));
