import { defineCommand } from "citty";
import { diagnose, isFit, type Check } from "../../engine/doctor.ts";
import { readFacts } from "../../engine/doctor-facts.ts";
import { formatArg, wantsJson } from "../format.ts";
import { painter, wantsColour } from "../terminal.ts";

export default defineCommand({
  meta: { name: "doctor", description: "Say what this host has, what it lacks and what mends it" },
  args: { format: formatArg },
  async run({ args }): Promise<number> {
    const json = wantsJson(args.format);
    const checks = diagnose(readFacts());
    console.log(json ? JSON.stringify(checks, null, 2) : await table(checks));
    return isFit(checks) ? 0 : 1;
  },
});

async function table(checks: readonly Check[]): Promise<string> {
  const { green, yellow, red, cyan } = await painter(wantsColour(1));
  const marks = { ok: green("✓"), warn: yellow("!"), fail: red("✗") };
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, text, fix }) => {
      const line = `${marks[status]} ${name.padEnd(width)}  ${text}`;
      return fix === undefined ? line : `${line}\n  ${" ".repeat(width)}  ${cyan(fix)}`;
    })
    .join("\n");
}
