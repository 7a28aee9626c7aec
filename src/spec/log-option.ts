import { invalid } from "../abi/error.ts";
import { parseInteger, parsePair, parseSizeLimit, quote } from "./values.ts";

/** How much of a detached container's output is kept; `maxSize` of one file in bytes, null without a limit. */
export type LogOption = { maxSize?: number | null; maxFiles?: number };

/** The two of docker's local and json-file drivers. */
export function parseLogOption(flag: string, text: string): LogOption {
  const [key, value] = parsePair(flag, text);
  if (key === "max-file") return { maxFiles: parseInteger(flag, value, 1, 99) };
  if (key !== "max-size")
    throw invalid(`${flag} ${quote(text)} is not known`, "max-size=SIZE or max-file=N");
  const size = parseSizeLimit(flag, value);
  return { maxSize: size === "unlimited" ? null : size };
}
