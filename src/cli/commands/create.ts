import { parseRun } from "../argv.ts";
import { observe } from "../observe.ts";
import { say } from "../report.ts";
import { withImage } from "../with-image.ts";

export const summary = "Make a container that kontener start starts";
export const synopsis = "create [flags] IMAGE [COMMAND…]";

/** `kontener create [flags] IMAGE [COMMAND…]`, with the flags of run; the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const line = parseRun(["--detach", ...argv], { env: process.env, cwd: process.cwd() });
  if (line.help) {
    const { printRunUsage } = await import("../usage.ts");
    await printRunUsage(synopsis, summary);
    return 0;
  }
  const { options, engine, envFiles, labelFiles, warnings } = line;
  if (envFiles.length + labelFiles.length > 0)
    (await import("../env-files.ts")).readFiles(line, process.env);
  for (const warning of warnings) say(warning);
  const { observer, end } = await observe(engine);
  const { cidfile } = engine;
  const file = cidfile && (await import("../cidfile.ts")).writeCidfile(cidfile, observer);
  const { runDetached } = await import("../../engine/run-detached.ts");
  try {
    const create = () => runDetached(options, engine, observer, "create");
    console.log((await withImage(line, create)).id);
  } catch (error) {
    if (file) file.failed();
    throw error;
  } finally {
    end();
  }
  return 0;
}
