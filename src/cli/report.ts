import { KontenerError } from "../abi/error.ts";
import { painter, wantsColour } from "./terminal.ts";

/** A line on stderr: what the engine has to say beside what the container prints. */
export const say = (text: string): void => console.error(`kontener: ${text}`);

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

/** Prints an error on stderr and returns the exit code for it. */
export async function report(error: unknown): Promise<number> {
  const { message, hint } = errorText(error, process.env["KONTENER_DEBUG"] === "1");
  if (wantsColour(2)) {
    const { bold, red, cyan } = await painter(true);
    console.error(
      `${red(bold("kontener:"))} ${message}${hint === undefined ? "" : `\n  ${cyan(hint)}`}`,
    );
  } else console.error(`kontener: ${message}${hint === undefined ? "" : `\n  ${hint}`}`);
  return error instanceof KontenerError ? error.exitCode : 125;
}
