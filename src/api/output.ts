import { inspect } from "node:util";
import type { Signal } from "../abi/signal.ts";

/** What a command has used. */
export type Usage = {
  /**
   * Microseconds of processor time, of the command and all that it started. On hosts without cgroup v2: of the whole box
   * while the command ran.
   */
  cpuTime: number | undefined;
  /** Bytes: the most that the whole box had in use since its start. Undefined before Linux 5.19 on cgroup v2. */
  memoryPeak: number | undefined;
  /** Milliseconds from the call to the command's end, its start included. */
  wallTime: number;
};

/** How a command ended. */
export type Result = {
  /** Its exit code, or 128 + n where signal n ended it, as in a shell. */
  exitCode: number;
  /** The signal that ended it, `"SIGKILL"`; null where it exited. */
  signal: Signal | string | null;
  /** The kernel killed a process of the box for want of memory while the command ran. */
  oomKilled: boolean;
  /** `timeout` was over, and everything that the command had started was killed. */
  timedOut: boolean;
  usage: Usage;
};

/** How a command ended, and what it printed. Bytes that are no UTF-8 come out of the texts as U+FFFD. */
export class Output implements Result {
  readonly exitCode: number;
  readonly signal: Signal | string | null;
  readonly oomKilled: boolean;
  readonly timedOut: boolean;
  readonly usage: Usage;
  /** It printed more than `maxOutput`, and was killed; what is here are the first bytes. */
  readonly truncated: boolean;
  readonly #stdout: Uint8Array;
  readonly #stderr: Uint8Array;

  /** @internal */
  constructor(result: Result, stdout: Uint8Array, stderr: Uint8Array, truncated: boolean) {
    this.exitCode = result.exitCode;
    this.signal = result.signal;
    this.oomKilled = result.oomKilled;
    this.timedOut = result.timedOut;
    this.usage = result.usage;
    this.truncated = truncated;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** What it wrote to standard output, as it is. */
  get stdout(): string {
    return decode(this.#stdout);
  }

  /** What it wrote to standard error, as it is. */
  get stderr(): string {
    return decode(this.#stderr);
  }

  /** Standard output. */
  text(): string {
    return this.stdout;
  }

  /**
   * Standard output as JSON.
   *
   * @throws SyntaxError
   */
  json<T = unknown>(): T {
    return JSON.parse(this.stdout) as T;
  }

  /** Standard output's lines, without their ends. */
  lines(): string[] {
    const lines = this.stdout.split("\n");
    if (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** Standard output's bytes. */
  bytes(): Uint8Array {
    return this.#stdout;
  }

  /** Standard output without the line ends at its end, as `$(…)` has it: for use in another command. */
  toString(): string {
    return this.stdout.replace(/\n+$/, "");
  }

  /** @internal What console.log shows: the texts are computed, so they would be left out. */
  [inspect.custom](): object {
    const { exitCode, signal, stdout, stderr, oomKilled, timedOut, truncated, usage } = this;
    return { exitCode, signal, stdout, stderr, oomKilled, timedOut, truncated, usage };
  }
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
