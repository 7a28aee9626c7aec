import { parseShell } from "../argv.ts";
import { start } from "../start.ts";
import { isTerminal } from "../terminal.ts";

export const summary = "Open a shell in a new container";
export const synopsis = "sh [flags] [IMAGE]";

/** `kontener sh [flags] [IMAGE]`: interactive on a terminal, else commands come from standard input; the exit code. */
export async function sh(argv: readonly string[]): Promise<number> {
  const line = parseShell(argv, { env: process.env, cwd: process.cwd() }, isTerminal(0));
  if (!line.help) return await start(line);
  const { printRunUsage } = await import("../usage.ts");
  await printRunUsage(synopsis, summary);
  return 0;
}
