import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";

/*
 * Values in docker's spelling, from text. Every parser is pure and returns a value or throws one sentence that names
 * the flag and what was written. What a value means together with others is src/spec/rules.ts.
 */

/** Text in quotes, short enough for one line of a terminal. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);

const units = ["", "k", "m", "g", "t", "p"];

/**
 * A size in bytes as docker reads it (go-units RAMInBytes): a number, a unit in powers of 1024, an optional "b" or "ib".
 * `parseSize("--memory", "1.5g")` is 1610612736.
 */
export function parseSize(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  const bytes =
    match && Math.floor(Number(match[1]) * 1024 ** units.indexOf(match[2]!.toLowerCase()));
  if (bytes === null)
    throw invalid(
      `${flag} ${quote(text)} is not a size`,
      "a number of bytes, or with a unit: 512k, 100m, 1.5g",
    );
  if (!Number.isSafeInteger(bytes)) throw invalid(`${flag} ${quote(text)} is too large`);
  return bytes;
}

/** A size, or no limit: "unlimited", or -1 as docker's --memory-swap has it. */
export const parseSizeLimit = (flag: string, text: string): number | "unlimited" =>
  isUnlimited(text) ? "unlimited" : parseSize(flag, text);

const isUnlimited = (text: string): boolean => text === "unlimited" || text === "-1";

/** A whole number written in decimal digits, within bounds. */
export function parseInteger(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max))
    throw invalid(`${flag} ${quote(text)} is not a whole number from ${min} to ${max}`);
  return value;
}

/** PID_MAX_LIMIT of the kernel's linux/threads.h: more is EINVAL in pids.max. */
const pidMaxLimit = 4_194_304;

/** The most processes a container may have; 0 and -1 mean unlimited, as in docker. */
export const parsePidsLimit = (flag: string, text: string): number | "unlimited" =>
  isUnlimited(text) || text === "0" ? "unlimited" : parseInteger(flag, text, 1, pidMaxLimit);

/** Processors: "0.5" is half of one. */
export function parseCpus(flag: string, text: string): number {
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(text))
    throw invalid(`${flag} ${quote(text)} is not a number of processors`, "for example 0.5 or 2");
  return Number(text);
}

/** What Go's strconv.ParseBool takes, so what docker does. */
const booleans: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["1", "t", "T", "true", "True", "TRUE"].map((word) => [word, true])),
  ...Object.fromEntries(["0", "f", "F", "false", "False", "FALSE"].map((word) => [word, false])),
};

export function parseBoolean(flag: string, text: string): boolean {
  const value = Object.hasOwn(booleans, text) ? booleans[text] : undefined;
  if (value === undefined) throw invalid(`${flag} ${quote(text)} is neither true nor false`);
  return value;
}

/** One of a few words; a near miss is named. */
export function parseChoice<const T extends string>(
  flag: string,
  text: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const [meant] = nearest(text, choices);
  throw invalid(
    `${flag} ${quote(text)} is not one of ${choices.join(", ")}`,
    meant && `did you mean ${flag} ${meant}?`,
  );
}

/** `KEY=VALUE`; the value may be empty and hold further equal signs. */
export function parsePair(flag: string, text: string): [key: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw invalid(`${flag} ${quote(text)} is not of the form KEY=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/**
 * A path made absolute and plain: no `.`, `..`, empty parts. Text only: links are not looked at. `base` is absolute.
 */
export function resolvePath(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
