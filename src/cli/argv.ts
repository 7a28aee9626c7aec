import { invalid } from "../abi/error.ts";
import type { EngineOptions } from "../spec/engine-options.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { checkOptions } from "../spec/rules.ts";
import { quote } from "../spec/values.ts";
import { emptyDraft, setters, type Draft, type Surroundings } from "./draft.ts";
import { runFlags } from "./flags.ts";
import { readFlags } from "./read-flags.ts";

/** A command line of `run` or `sh`. Nothing was read but the line itself. */
export type CommandLine = {
  options: ContainerOptions;
  engine: EngineOptions;
  /** Absolute paths of `--env-file`: read by the caller, weaker than `options.env`. */
  envFiles: string[];
  /** The same for `--label-file` and `options.labels`. */
  labelFiles: string[];
  /** Things to say on stderr before the start. */
  warnings: string[];
  help: boolean;
};

/** `run [flags] IMAGE [COMMAND…]`; with `--rootfs` there is no image, and every word is the command's. */
export function parseRun(argv: readonly string[], here: Surroundings): CommandLine {
  const { draft, rest } = readDraft(argv, here);
  const [image = "", ...command] = draft.options.rootfs === undefined ? rest : ["", ...rest];
  if (image === "" && draft.options.rootfs === undefined && !draft.help)
    throw invalid(
      "there is no image to run",
      "kontener run [flags] IMAGE [COMMAND…]; kontener images lists them",
    );
  return finish(draft, image, command);
}

/** `sh [flags] [IMAGE]`: the image's shell, on a terminal where standard input is one. */
export function parseShell(
  argv: readonly string[],
  here: Surroundings,
  stdinIsTerminal: boolean,
): CommandLine {
  const { draft, rest } = readDraft(argv, here);
  const [image = "", extra] = rest;
  if (extra !== undefined || (image !== "" && draft.options.rootfs !== undefined))
    throw invalid(
      `sh takes no command: ${quote(extra ?? image)} is too much`,
      "kontener run runs a command",
    );
  draft.options.interactive ??= true;
  draft.options.tty ??= stdinIsTerminal;
  const shell = draft.options.entrypoint?.length ? [] : ["/bin/sh"];
  draft.options.entrypoint ??= [];
  if (image !== "" || draft.options.rootfs !== undefined) return finish(draft, image, shell);
  draft.engine.fallbackImage = "busybox";
  return finish(draft, "alpine", shell);
}

function readDraft(argv: readonly string[], here: Surroundings): { draft: Draft; rest: string[] } {
  // Bun puts U+FFFD in the place of bytes that are not UTF-8: what would reach the kernel is not what was written.
  const damaged = argv.find((word) => word.includes("\ufffd"));
  if (damaged !== undefined) throw invalid(`the argument ${quote(damaged)} is not UTF-8 text`);
  const { flags, rest } = readFlags(argv, runFlags);
  const draft = emptyDraft(here);
  for (const { name, value } of flags) setters[name](draft, value);
  return { draft, rest };
}

/** What needs somebody who watches the start, or its end. */
function checkDetached({ engine, executor, options }: Draft): void {
  if (engine.step || executor === "reference")
    throw invalid("-d works with the launcher only", "leave out --step and --executor reference");
  if (options.keep)
    throw invalid(
      "--keep is for containers in the foreground",
      "with -d the files stay until kontener rm",
    );
  if (engine.format === "json")
    throw invalid(
      "--format json prints a result, and -d waits for none",
      "kontener inspect ID prints JSON",
    );
}

function finish(draft: Draft, image: string, command: string[]): CommandLine {
  const { options, engine, envFiles, labelFiles, warnings, help, executor, rm } = draft;
  if (engine.detach) {
    checkDetached(draft);
    engine.autoRemove = rm ?? false;
    if (rm && engine.restart) throw invalid("--rm and --restart contradict each other");
  } else if (engine.restart) throw invalid("--restart is for detached containers", "add -d");
  else if (engine.logs) throw invalid("--log-opt is for detached containers", "add -d");
  else if (rm !== undefined) {
    if (rm && options.keep) throw invalid("--rm and --keep contradict each other");
    options.keep ??= !rm;
  }
  if (engine.step && executor === "launcher")
    throw invalid("--step works with the reference executor only", "leave out --executor launcher");
  engine.executor = engine.step ? "reference" : (executor ?? engine.executor);
  if (command.length > 0) options.command = command;
  if (draft.env.length > 0) options.env = Object.fromEntries(draft.env);
  if (draft.sysctls.length > 0) options.sysctls = Object.fromEntries(draft.sysctls);
  if (draft.labels.length > 0) options.labels = Object.fromEntries(draft.labels);
  const complete = { image, ...options };
  if (!help) checkOptions(complete);
  return { options: complete, engine, envFiles, labelFiles, warnings, help };
}
