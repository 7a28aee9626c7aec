import { invalid } from "../abi/error.ts";
import type { Observer } from "../engine/birth.ts";
import type { Result } from "../engine/foreground.ts";
import { run as runContainer } from "../engine/run.ts";
import type { ContainerOptions } from "../spec/options.ts";
import type { CommandLine } from "./argv.ts";
import { observe } from "./observe.ts";
import { say } from "./report.ts";
import { writeError } from "./stderr.ts";
import { sayAbsent, withImage } from "./with-image.ts";
import { isTerminal, painter, wantsColour } from "./terminal.ts";

/** Does what a command line of `run` or `sh` asks for; the exit code is docker's. */
export async function start(line: CommandLine): Promise<number> {
  const { options, engine, envFiles, labelFiles, warnings } = line;
  if (envFiles.length + labelFiles.length > 0)
    (await import("./env-files.ts")).readFiles(line, process.env);
  for (const warning of warnings) say(warning);
  if (options.privileged) await sayPrivileged(options);
  if (engine.dryRun) return await printPlan(line);
  if (options.tty && options.interactive && !engine.detach && !isTerminal(0))
    throw invalid(
      "-t needs a terminal, and standard input is none",
      "leave out -t; -i alone reads from a pipe",
    );
  const { observer, end } = await observe(engine);
  const { cidfile } = engine;
  const file = cidfile && (await import("./cidfile.ts")).writeCidfile(cidfile, observer);
  try {
    return await perform(line, observer, end);
  } catch (error) {
    if (file) file.failed();
    throw error;
  }
}

async function perform(line: CommandLine, observer: Observer, end: () => void): Promise<number> {
  const { options, engine } = line;
  if (engine.detach) {
    const { runDetached } = await import("../engine/run-detached.ts");
    const { id } = await withImage(line, () => runDetached(options, engine, observer)).finally(end);
    console.log(id);
    return 0;
  }
  const result = await withImage(line, () => runContainer(options, engine, observer)).finally(end);
  sayEnd(result);
  // Standard output is the container's: the result is the last line on the other one.
  if (engine.format === "json") writeError(`${JSON.stringify(result)}\n`);
  return result.exitCode;
}

async function printPlan(line: CommandLine): Promise<number> {
  const { options, engine } = line;
  const { planRun } = await import("../engine/dry-run.ts");
  const { formatPlan, planToJson } = await import("../plan/format.ts");
  const { plan, warnings } = await planRun(options);
  await sayAbsent(line);
  for (const warning of warnings) say(warning);
  console.log(engine.format === "json" ? planToJson(plan) : formatPlan(plan));
  return 0;
}

/** What the command cannot say itself: why the kernel killed it, and where its files are. */
function sayEnd({ oomKilled, exitCode, memoryLimit, kept }: Result): void {
  if (oomKilled) {
    const limit =
      memoryLimit === undefined ? "" : `, limit ${Math.round(memoryLimit / 1024 ** 2)} MB`;
    say(`${exitCode === 137 ? "killed" : "a process was killed"}: out of memory${limit}`);
  }
  if (kept !== undefined) say(`what it wrote is kept in ${kept}`);
}

async function sayPrivileged({ userns = "host" }: ContainerOptions): Promise<void> {
  const text =
    userns === "host"
      ? "privileged: the container can do to this host whatever root can"
      : "privileged: of the protections only the user namespace is left: root inside is nobody on this host";
  const colour = wantsColour(2);
  say(colour ? (await painter(true)).red(text) : text);
}
