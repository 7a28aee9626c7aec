import { parseRun } from "../argv.ts";
import { observe } from "../observe.ts";
import { say } from "../report.ts";

export const summary = "Make a container that kontener start starts";

/** `kontener create [flags] IMAGE [COMMAND…]`, with the flags of run; the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const line = parseRun(["--detach", ...argv], { env: process.env, cwd: process.cwd() });
  if (line.help) {
    const { printRunUsage } = await import("../usage.ts");
    await printRunUsage("create [flags] IMAGE [COMMAND…]", summary);
    return 0;
  }
  const { options, engine, envFiles, warnings } = line;
  if (envFiles.length > 0) {
    const { readEnvFiles } = await import("../env-files.ts");
    options.env = { ...readEnvFiles(envFiles, process.env), ...options.env };
  }
  for (const warning of warnings) say(warning);
  const { observer, end } = await observe(engine);
  const { runDetached } = await import("../../engine/run-detached.ts");
  const { id } = await runDetached(options, engine, observer, "create").finally(end);
  console.log(id);
  return 0;
}
