import { posix } from "node:path";
import { KontenerError } from "../abi/error.ts";
import { commandLine, configChanges } from "./config-steps.ts";
import { wrongLine, type Instruction } from "./dockerfile.ts";
import { expand, expandText } from "./expand.ts";
import { withoutHeredocs } from "./heredoc.ts";
import { parseRunMount, type RunMount } from "./run-mount.ts";
import { envMap, expanded, lookupIn, type Context, type Facts, type State } from "./state.ts";
import { splitWords } from "./words.ts";

/** What one instruction does to the files, as data: `--dry-run` prints it, a file of its kind, `run-step.ts`, does it, the cache's key is of it. */
export type Step =
  | { kind: "run"; run: RunStep }
  | { kind: "copy"; copy: CopyStep }
  | { kind: "workdir"; path: string }
  | { kind: "config" };

export type RunStep = {
  argv: string[];
  /** A here-document that names its own interpreter (`#!`): it becomes /dev/script. */
  script?: string;
  env: Record<string, string>;
  user: string;
  workdir: string;
  mounts: RunMount[];
  network: "bridge" | "none" | "host";
};

export type CopyStep = {
  /** ADD: archives are unpacked, URLs fetched. */
  add: boolean;
  /** A stage's name or number, or an image; undefined: the context. */
  from?: string;
  sources: string[];
  /** Here-documents. */
  files: { name: string; content: string }[];
  /** Absolute. */
  target: string;
  /** The target is a directory, whatever is there: it ends with a slash, or there are several sources. */
  intoDirectory: boolean;
  chown?: string;
  chmod?: number;
  checksum?: string;
};

export type Evaluated = {
  step: Step;
  state: State;
  line: number;
  /** As docker's history has it. */
  text: string;
};

/**
 * What an instruction (of any kind but FROM) means in a state. Pure.
 *
 * @throws KontenerError INVALID with file and line
 */
export function evaluate(
  instruction: Instruction,
  state: State,
  facts: Facts,
  network: RunStep["network"],
): Evaluated {
  const { keyword, line, rest, flags } = instruction;
  const context: Context = { ...facts, instruction, state };
  const text = [keyword, ...flags.map((f) => `--${f.name}${f.value && `=${f.value}`}`), rest].join(
    " ",
  );
  try {
    if (keyword === "RUN") {
      const run = runStep(context, network);
      return { step: { kind: "run", run }, state, line, text: `RUN ${run.argv.join(" ")}` };
    }
    if (keyword === "COPY" || keyword === "ADD")
      return { step: { kind: "copy", copy: copyStep(context) }, state, line, text };
    const change = configChanges[keyword];
    if (!change) throw new Error(`${keyword} cannot stand here`);
    const next = { ...state, ...change(context) };
    const path = next.config.WorkingDir ?? "/";
    const step: Step = keyword === "WORKDIR" ? { kind: "workdir", path } : { kind: "config" };
    return { step, state: next, line, text };
  } catch (error) {
    if (error instanceof KontenerError) throw error;
    throw wrongLine(facts.name, line, (error as Error).message);
  }
}

/** docker's: passed to RUN without an ARG, and no part of the cache's key or the history. */
const proxyArgs = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];
export const isProxyArg = (name: string): boolean => proxyArgs.includes(name.toUpperCase());

function runStep(context: Context, network: RunStep["network"]): RunStep {
  const { instruction, state, buildArgs } = context;
  const mounts: RunMount[] = [];
  let net = network;
  for (const { name, value } of instruction.flags) {
    if (name === "mount") mounts.push(parseRunMount(expanded(context, value)));
    else if (name === "network") net = runNetwork(value, network);
    else if (name === "security" && value === "sandbox") continue;
    else throw new Error(`RUN --${name}${value && `=${value}`} is not there`);
  }
  const given = [...buildArgs].filter(([name]) => isProxyArg(name));
  const env = { ...Object.fromEntries(given), ...Object.fromEntries(state.args) };
  Object.assign(env, Object.fromEntries(envMap(state.config.Env)));
  return {
    ...runCommand(context),
    env,
    user: state.config.User ?? "",
    workdir: state.config.WorkingDir || "/",
    mounts,
    network: net,
  };
}

function runNetwork(value: string, standard: RunStep["network"]): RunStep["network"] {
  if (value === "default" || value === "") return standard;
  if (value === "none" || value === "host") return value;
  throw new Error(`--network=${value} is none of default, none, host`);
}

/** Here-documents reach the shell as they are written; one alone is the script. */
function runCommand(context: Context): Pick<RunStep, "argv" | "script"> {
  const { instruction } = context;
  const { heredocs, rest, json } = instruction;
  const [first] = heredocs;
  if (json || !first) return { argv: commandLine(context) };
  if (heredocs.length === 1 && withoutHeredocs(rest) === "") {
    if (first.content.startsWith("#!")) return { argv: ["/dev/script"], script: first.content };
    return {
      argv: commandLine({ ...context, instruction: { ...instruction, rest: first.content } }),
    };
  }
  const whole = [rest, ...heredocs.map(({ content, name }) => `${content}${name}`), ""].join("\n");
  return { argv: commandLine({ ...context, instruction: { ...instruction, rest: whole } }) };
}

function copyStep(context: Context): CopyStep {
  const { instruction, state, escape } = context;
  const { keyword, json, heredocs } = instruction;
  const add = keyword === "ADD";
  const written = heredocs.length > 0 ? withoutHeredocs(instruction.rest) : instruction.rest;
  const words = (json ?? splitWords(written, escape)).map((word) => expanded(context, word));
  const target = words.pop();
  if (target === undefined || words.length + heredocs.length === 0)
    throw new Error(`${keyword} needs a source and a destination`);
  const lookup = lookupIn(state);
  const files = heredocs.map(({ name, content, expand: wanted }) => ({
    name: expand(name, lookup, escape),
    content: wanted ? expandText(content, lookup, escape) : content,
  }));
  const several = words.length + files.length > 1;
  const directory = /(^|\/)\.{0,2}$/.test(target);
  if (several && !directory)
    throw new Error(`several sources need a directory as destination: ${target}/`);
  return {
    add,
    ...copyFlags(context),
    sources: words,
    files,
    target: posix.resolve("/", state.config.WorkingDir ?? "/", target),
    intoDirectory: directory,
  };
}

function copyFlags(context: Context): Pick<CopyStep, "from" | "chown" | "chmod" | "checksum"> {
  const { keyword, flags } = context.instruction;
  const result: Pick<CopyStep, "from" | "chown" | "chmod" | "checksum"> = {};
  for (const { name, value: written } of flags) {
    const value = expanded(context, written);
    if (name === "link")
      continue; // each COPY is a layer of its own here in any case
    else if (name === "chown" && value) result.chown = value;
    else if (name === "chmod" && /^0?[0-7]{1,4}$/.test(value))
      result.chmod = Number.parseInt(value, 8);
    else if (name === "chmod") throw new Error(`--chmod=${value} is no octal mode, as in 0755`);
    else if (name === "from" && keyword === "COPY" && value) result.from = value;
    else if (name === "checksum" && keyword === "ADD") result.checksum = value;
    else throw new Error(`${keyword} --${name} is not there${value ? "" : " or lacks a value"}`);
  }
  return result;
}
