import { readSync } from "node:fs";
import { formatStep } from "../plan/format.ts";
import type { Step } from "../plan/step.ts";
import { writeError } from "./stderr.ts";

/**
 * `--step`: shows the next call and waits. Enter goes on, `c` goes on to the end, `q` gives up. Standard input is read only
 * here, a line at a time, until the command takes it over.
 */
export class StepPrompt {
  #free = false;
  #pid: number | undefined;

  /** From here on there is a process to look at. */
  born(pid: number): void {
    this.#pid = pid;
  }

  async ask(step: Step, number: number): Promise<boolean> {
    if (this.#free) return true;
    const look =
      this.#pid === undefined
        ? ""
        : `   another terminal may look at it: ls -l /proc/${this.#pid}/ns`;
    writeError(
      `\n  next, ${number + 1}: ${formatStep(step, { cut: 60 })}\n  ${step.why}\n  [Enter] go on  [c] to the end  [q] give up${look} › `,
    );
    const answer = readLine();
    if (answer === undefined || answer.startsWith("q")) return false;
    this.#free = answer.startsWith("c");
    return true;
  }
}

/** A line of standard input, byte by byte so that nothing of what follows is taken; undefined at its end. */
function readLine(): string | undefined {
  const byte = new Uint8Array(1);
  let line = "";
  for (;;) {
    if (readSync(0, byte) === 0) return line || undefined;
    if (byte[0] === 10) return line;
    line += String.fromCharCode(byte[0]!);
  }
}
