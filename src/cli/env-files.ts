import { readFileSync } from "node:fs";
import { invalid, KontenerError } from "../abi/error.ts";
import { parseEnvFile, type Environment, type OwnEnvironment } from "../spec/env.ts";
import type { CommandLine } from "./argv.ts";

/** Reads what `--env-file` and `--label-file` name into a command line's options: `-e` and `-l` go before them, as in docker. */
export function readFiles(
  { options, envFiles, labelFiles }: CommandLine,
  own: OwnEnvironment,
): void {
  if (envFiles.length > 0) options.env = { ...readEnvFiles(envFiles, own), ...options.env };
  if (labelFiles.length > 0) options.labels = { ...readLabels(labelFiles), ...options.labels };
}

/** The variables of `--env-file`s, the later file before the earlier. */
export const readEnvFiles = (files: readonly string[], own: OwnEnvironment): Environment =>
  Object.fromEntries(
    files.flatMap((file) => parseEnvFile(file, readText("--env-file", file), own)),
  );

/** The same syntax, but a line without an equal sign is a label without a value. */
const readLabels = (files: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    files.flatMap((file) => {
      const text = readText("--label-file", file).replace(/^[^#=\n]*\S$/gm, "$&=");
      return parseEnvFile(file, text, {});
    }),
  );

function readText(flag: string, file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new KontenerError(`${flag} ${file} cannot be read: ${why}`, {
      code: "NOT_FOUND",
      cause,
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`${flag} ${file} is not UTF-8 text`);
  }
}
