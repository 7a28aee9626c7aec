#!/usr/bin/env bun
import { REFERENCE_VERB } from "../launch/reference/start.ts";
import { report } from "./report.ts";

/**
 * `kontener VERB …`. run and sh are what people wait for, so they are loaded alone and parse their own words; every
 * other verb, and help, goes by citty's menu, which costs 2 to 3 ms more of a cold start (compiled).
 */
async function main(argv: readonly string[]): Promise<void> {
  const [verb, ...rest] = argv;
  if (verb === REFERENCE_VERB) (await import("../launch/reference.ts")).serve();
  try {
    // The container has printed what it had to print: nothing of ours is worth waiting for.
    if (verb === "run") process.exit(await (await import("./commands/run.ts")).run(rest));
    if (verb === "sh") process.exit(await (await import("./commands/sh.ts")).sh(rest));
    process.exitCode = await (await import("./menu.ts")).menu(argv);
  } catch (error) {
    process.exit(await report(error));
  }
}

void main(process.argv.slice(2));
