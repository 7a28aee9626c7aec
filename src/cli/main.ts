#!/usr/bin/env bun
import { SUPERVISE_VERB } from "../engine/supervisor.ts";
import { REFERENCE_VERB } from "../launch/reference/start.ts";
import { report } from "./report.ts";
import { isOwnVerb, ownVerbs } from "./verbs.ts";

/**
 * `kontener VERB …`. What people wait for is loaded alone and parses its own words; every other verb, and help, goes by
 * citty's menu, which costs 2 to 3 ms more of a cold start (compiled).
 */
async function main(argv: readonly string[]): Promise<void> {
  const [verb, ...rest] = argv;
  if (verb === REFERENCE_VERB) (await import("../launch/reference.ts")).serve();
  try {
    if (verb === SUPERVISE_VERB)
      return await (await import("../engine/supervise.ts")).supervise(rest[0] ?? "");
    // The container has printed what it had to print: nothing of ours is worth waiting for.
    if (isOwnVerb(verb)) process.exit(await (await ownVerbs[verb]()).run(rest));
    process.exitCode = await (await import("./menu.ts")).menu(argv);
  } catch (error) {
    process.exit(await report(error));
  }
}

void main(process.argv.slice(2));
