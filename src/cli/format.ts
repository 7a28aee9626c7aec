import { parseChoice } from "../spec/values.ts";

/** `--format` of every verb that prints a result. */
export const formatArg = {
  type: "string",
  description: "text, or json for programs",
  valueHint: "text|json",
  default: "text",
} as const;

export const wantsJson = (format: string): boolean =>
  parseChoice("--format", format, ["text", "json"]) === "json";
