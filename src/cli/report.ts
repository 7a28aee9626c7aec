import { KontenerError } from "../abi/error.ts";
import { writeError } from "./stderr.ts";
import { painter, wantsColour } from "./terminal.ts";

/** A line on stderr: what the engine has to say beside what the container prints. */
export const say = (text: string): void => writeError(`kontener: ${text}\n`);

/** What is printed of an error: an error of ours is a sentence and advice, any other is our mistake. */
export function errorText(error: unknown, debug: boolean): { message: string; hint?: string } {
  const stack = error instanceof Error && debug ? `\n${error.stack}` : "";
  if (error instanceof KontenerError) {
    const message = error.message + stack;
    return error.hint === undefined ? { message } : { message, hint: error.hint };
  }
  return {
    message: `this is a bug in kontener: ${error instanceof Error ? error.message : String(error)}${stack}`,
    ...(debug ? {} : { hint: "KONTENER_DEBUG=1 shows where it happened" }),
  };
}

const same = (text: string): string => text;
const plain = { bold: same, red: same, cyan: same };

/** Prints an error on stderr and returns the exit code for it. */
export async function report(error: unknown): Promise<number> {
  const { message, hint } = errorText(error, process.env["KONTENER_DEBUG"] === "1");
  const { bold, red, cyan } = wantsColour(2) ? await painter(true) : plain;
  const advice = hint === undefined ? "" : `  ${cyan(hint)}\n`;
  writeError(`${red(bold("kontener:"))} ${message}\n${advice}`);
  return error instanceof KontenerError ? error.exitCode : 125;
}
