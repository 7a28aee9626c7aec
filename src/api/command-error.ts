import { KontenerError } from "../abi/error.ts";
import type { Output } from "./output.ts";

/**
 * A command of `$` that ended with anything but 0: `code` is `"EXIT"`, `exitCode` its own.
 *
 * ```ts
 * import { CommandError, container } from "kontener";
 *
 * await using box = await container("busybox", { network: "none" });
 * try {
 *   await box.$`cat /no/such`;
 * } catch (error) {
 *   if (!(error instanceof CommandError)) throw error;
 *   console.log(error.exitCode, error.stderr);
 * }
 * ```
 */
export class CommandError extends KontenerError {
  override readonly name = "CommandError";
  /** The shell's text. */
  readonly command: string;
  /** All that is known of its end. */
  readonly output: Output;

  /** @internal */
  constructor(command: string, output: Output) {
    const { exitCode } = output;
    const last = output.stderr.trimEnd().split("\n").at(-1);
    super(`${JSON.stringify(command)} ${ending(output)}${last ? `: ${last}` : ""}`, {
      code: "EXIT",
      exitCode,
    });
    this.command = command;
    this.output = output;
  }

  /** What it wrote to standard output. */
  get stdout(): string {
    return this.output.stdout;
  }

  /** What it wrote to standard error. */
  get stderr(): string {
    return this.output.stderr;
  }

  get signal(): string | null {
    return this.output.signal;
  }

  get timedOut(): boolean {
    return this.output.timedOut;
  }

  get oomKilled(): boolean {
    return this.output.oomKilled;
  }
}

function ending({ timedOut, truncated, oomKilled, signal, exitCode }: Output): string {
  if (timedOut) return "took too long and was killed";
  if (truncated) return "printed too much and was killed";
  if (oomKilled) return `ran out of memory (exit code ${exitCode})`;
  return signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
}
