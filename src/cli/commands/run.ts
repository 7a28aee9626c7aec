import { parseRun } from "../argv.ts";
import { start } from "../start.ts";

export const summary = "Run a command in a new container";
export const synopsis = "run [flags] IMAGE [COMMAND…]";

/** `kontener run [flags] IMAGE [COMMAND…]`; the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const line = parseRun(argv, { env: process.env, cwd: process.cwd() });
  if (!line.help) return await start(line);
  const { printRunUsage } = await import("../usage.ts");
  await printRunUsage(synopsis, summary);
  return 0;
}
