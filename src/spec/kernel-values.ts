import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { rlimits } from "../abi/resource.ts";
import { parsePair, quote } from "./values.ts";

/** setrlimit(2)'s resources as docker and ulimit spell them: "nofile" for RLIMIT_NOFILE. */
const ulimitNames = Object.keys(rlimits).map((name) => name.slice("RLIMIT_".length).toLowerCase());

/** `--ulimit NAME=SOFT[:HARD]`; -1 and "unlimited" stand for no limit and come back as -1. */
export function parseUlimit(
  flag: string,
  text: string,
): { name: string; soft: number; hard: number } {
  const [name, value] = parsePair(flag, text);
  if (!ulimitNames.includes(name)) {
    const meant = nearest(name, ulimitNames);
    throw invalid(
      `${flag} ${quote(name)} is not a resource`,
      `${meant.length ? "did you mean" : "there are"} ${(meant.length ? meant : ulimitNames).join(", ")}`,
    );
  }
  const [softText = "", hardText = softText, ...rest] = value.split(":");
  const soft = parseLimitNumber(softText);
  const hard = parseLimitNumber(hardText);
  if (soft === undefined || hard === undefined || rest.length > 0)
    throw invalid(`${flag} ${quote(text)} is not of the form ${name}=SOFT[:HARD]`);
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw invalid(`${flag} ${quote(text)}: the soft limit is above the hard limit`);
  return { name, soft, hard };
}

function parseLimitNumber(text: string): number | undefined {
  if (text === "-1" || text === "unlimited") return -1;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `--sysctl NAME=VALUE`; a slash may separate the name's parts, as sysctl(8) has it. */
export function parseSysctl(flag: string, text: string): [name: string, value: string] {
  const [name, value] = parsePair(flag, text);
  if (!/^[a-z0-9_-]+([./][a-z0-9_-]+)+$/i.test(name))
    throw invalid(
      `${flag} ${quote(name)} is not a kernel parameter's name`,
      "for example net.core.somaxconn",
    );
  return [name.replaceAll("/", "."), value];
}

/** proc_pid_oom_score_adj(5): from -1000, which is never, to 1000, which is first. */
export function parseOomScoreAdj(flag: string, text: string): number {
  const value = /^-?\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (isOomScoreAdj(value)) return value;
  throw invalid(`${flag} ${quote(text)} is not a whole number from -1000 to 1000`);
}

export const isOomScoreAdj = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value) <= 1000;
