import { readFileSync } from "node:fs";
import { invalid, KontenerError } from "../abi/error.ts";
import { parseEnvFile, type Environment, type OwnEnvironment } from "../spec/env.ts";

/** The variables of `--env-file`s, the later file before the earlier. `-e` goes before all of them, as in docker. */
export const readEnvFiles = (files: readonly string[], own: OwnEnvironment): Environment =>
  Object.fromEntries(files.flatMap((file) => parseEnvFile(file, readText(file), own)));

function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new KontenerError(`--env-file ${file} cannot be read: ${why}`, {
      code: "NOT_FOUND",
      cause,
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`--env-file ${file} is not UTF-8 text`);
  }
}
