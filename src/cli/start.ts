import { invalid } from "../abi/error.ts";
import type { Observer, Result } from "../engine/container.ts";
import { planRun, run as runContainer } from "../engine/run.ts";
import type { EngineOptions } from "../spec/engine-options.ts";
import type { CommandLine } from "./argv.ts";
import { say } from "./report.ts";
import { isTerminal } from "./terminal.ts";

/** Does what a command line of `run` or `sh` asks for; the exit code is docker's. */
export async function start({ options, engine, envFiles, warnings }: CommandLine): Promise<number> {
  if (options.tty && options.interactive && !engine.dryRun && !isTerminal(0))
    throw invalid(
      "-t needs a terminal, and standard input is none",
      "leave out -t; -i alone reads from a pipe",
    );
  if (envFiles.length > 0) {
    const { readEnvFiles } = await import("./env-files.ts");
    options.env = { ...readEnvFiles(envFiles, process.env), ...options.env };
  }
  for (const warning of warnings) say(warning);
  if (options.privileged) await sayPrivileged();
  if (engine.dryRun) {
    const { formatPlan, planToJson } = await import("../plan/format.ts");
    const { plan } = await planRun(options);
    console.log(engine.format === "json" ? planToJson(plan) : formatPlan(plan));
    return 0;
  }
  const { observer, end } = await observe(engine);
  const result = await runContainer(options, engine, observer).finally(end);
  tell(result, engine);
  return result.exitCode;
}

/** Who listens: nobody, a narrator, a person who takes one step at a time. */
async function observe(engine: EngineOptions): Promise<{ observer: Observer; end: () => void }> {
  const plain = { observer: { warn: say }, end: () => undefined };
  if (!engine.explain && !engine.step) return plain;
  const { openNarrator } = await import("./explain.ts");
  const narrator = await openNarrator(engine.explain || "text");
  const observer: Observer = {
    warn: say,
    planned: (plan) => narrator.planned(plan),
    host: (step, result, milliseconds) => narrator.host(step, result, milliseconds),
    born: (pid) => narrator.born(pid),
    child: (step, result, nanoseconds) => narrator.child(step, result, nanoseconds),
    executed: () => narrator.executed(),
  };
  if (engine.step) {
    const { StepPrompt } = await import("./step-prompt.ts");
    const prompt = new StepPrompt();
    observer.ask = (step, number) => prompt.ask(step, number);
  }
  return { observer, end: narrator.end };
}

/** What there is to say of an end, on stderr: standard output is the container's. */
function tell(result: Result, { format }: EngineOptions): void {
  if (result.oomKilled) {
    const { memoryLimit } = result;
    const limit =
      memoryLimit === undefined ? "" : `, limit ${Math.round(memoryLimit / 2 ** 20)} MB`;
    const what = result.exitCode === 137 ? "killed" : "a process of the container was killed";
    say(`${what}: out of memory${limit}`);
  }
  if (result.kept !== undefined) say(`what it wrote is kept in ${result.kept}`);
  if (format === "json") console.error(JSON.stringify(result));
}

async function sayPrivileged(): Promise<void> {
  const { painter, wantsColour } = await import("./terminal.ts");
  const text = "privileged: the container can do to this host whatever root can";
  say(wantsColour(2) ? (await painter(true)).red(text) : text);
}
