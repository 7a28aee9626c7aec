import * as v from "valibot";
import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { parseDuration, type Duration } from "./duration.ts";
import type { Input } from "./stdin.ts";
import type { TerminalSize } from "./terminal.ts";

/** How a command is run, whatever it runs in. */
export type CommandOptions = {
  /** Working directory in the box; absolute. Default: the box's own, that of its image. */
  cwd?: string;
  /** Environment variables, added to the box's. */
  env?: Record<string, string>;
  /** `name|uid[:group|gid]`, as in the box's /etc/passwd. Default: the box's own. */
  user?: string;
  /** Kills the command and all that it started after this time, its start included. Default: none. */
  timeout?: Duration;
  /** Kills the command and all that it started when it is aborted. */
  signal?: AbortSignal;
  /** Written to standard input, then the end of the file. */
  input?: Input;
};

/** For commands whose output is gathered. */
export type ExecOptions = CommandOptions & {
  /** Bytes that the command may print to each of its two outputs before it is killed. Default 64 MiB. */
  maxOutput?: number;
};

/** Where a command's standard descriptor leads. */
export type StdioOption = "pipe" | "inherit" | "ignore";

/** For commands whose output is a stream. */
export type SpawnOptions = CommandOptions & {
  /** `"pipe"`: `run.stdin` writes to it. Default `"ignore"`: the end of the file. Data goes into `input`. */
  stdin?: StdioOption;
  /** Default `"pipe"`: `run.stdout`, which has to be read, or a command that prints much waits for ever. */
  stdout?: StdioOption;
  /** Default `"pipe"`: `run.stderr`. */
  stderr?: StdioOption;
  /** A terminal of the command's own instead of the three: `run.stdin` types, `run.stdout` is what is printed. */
  terminal?: TerminalSize;
};

export const DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024;

const stdio = v.exactOptional(v.picklist(["pipe", "inherit", "ignore"]));
const characters = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
const isInput = (value: unknown): value is Input =>
  typeof value === "string" ||
  value instanceof ArrayBuffer ||
  ArrayBuffer.isView(value) ||
  value instanceof Blob ||
  (typeof value === "object" && value !== null && Symbol.asyncIterator in value);

const schema = v.strictObject({
  cwd: v.exactOptional(v.pipe(v.string(), v.startsWith("/", "it is not an absolute path"))),
  env: v.exactOptional(v.record(v.string(), v.string())),
  user: v.exactOptional(v.string()),
  timeout: v.exactOptional(v.union([v.number(), v.string()])),
  signal: v.exactOptional(v.instance(AbortSignal)),
  input: v.exactOptional(v.custom<Input>(isInput, "it is no text, bytes, Blob or stream")),
  maxOutput: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  stdin: stdio,
  stdout: stdio,
  stderr: stdio,
  terminal: v.exactOptional(v.strictObject({ cols: characters, rows: characters })),
});

export type CheckedOptions = v.InferOutput<typeof schema>;

/**
 * Options of a command, checked: what is not known is an error, so that a misspelt `timout` does not mean "for ever".
 *
 * @throws KontenerError INVALID, one sentence that names the field
 */
export function checkCommandOptions(options: object): CheckedOptions {
  refuseUnknown(options, Object.keys(schema.entries));
  const result = v.safeParse(schema, options, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw invalid(`${v.getDotPath(issue) ?? "options"}: ${issue.message}`);
  }
  const { timeout, stdin, stdout, stderr, input, terminal } = result.output;
  if (timeout !== undefined) parseDuration("timeout", timeout);
  if (stdin !== undefined && input !== undefined)
    throw invalid("stdin and input: there is one standard input", "leave out one of the two");
  if (terminal && [stdin, stdout, stderr].some((end) => end !== undefined))
    throw invalid("terminal: it takes the place of stdin, stdout and stderr", "leave those out");
  return result.output;
}

/** @throws KontenerError INVALID, with the closest known names */
export function refuseUnknown(options: object, known: readonly string[]): void {
  const odd = Object.keys(options).find((key) => !known.includes(key));
  if (odd === undefined) return;
  const close = nearest(odd, known);
  throw invalid(
    `${odd}: there is no such option`,
    close.length ? `did you mean ${close.join(", ")}?` : `there are ${known.join(", ")}`,
  );
}

/** A command is words: no shell splits them. */
export function checkCommand(command: unknown): asserts command is readonly string[] {
  const words: readonly unknown[] = Array.isArray(command) ? command : [];
  if (words.length === 0 || words.some((word) => typeof word !== "string"))
    throw invalid(
      "command: it is not a list of words",
      'give ["ls", "-l"]; for a shell\'s text there is box.$',
    );
  if (words[0] === "") throw invalid("command: it is empty");
  if ((words as string[]).some((word) => word.includes("\0") || !word.isWellFormed()))
    throw invalid("command: a word has a NUL byte in it, or is not Unicode text");
}
