import { invalid } from "../abi/error.ts";

/** Milliseconds, or text with a unit: `500`, `"500ms"`, `"2s"`, `"1.5m"`, `"1h"`. */
export type Duration = number | string;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** setTimeout's longest: 2^31 - 1 ms, 24.8 days; it takes more for 1 ms. */
const LONGEST = 2 ** 31 - 1;

/** Milliseconds. `parseDuration("timeout", "1.5s")` is 1500. */
export function parseDuration(option: string, value: unknown): number {
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?) ?(ms|s|m|h)$/.exec(value) : null;
  const milliseconds = match ? Number(match[1]) * units[match[2]!]! : value;
  if (typeof milliseconds === "number" && milliseconds > 0 && milliseconds <= LONGEST)
    return milliseconds;
  throw invalid(
    `${option}: ${JSON.stringify(value)} is not a length of time`,
    `milliseconds, or with a unit: ${option}: 500, "2s", "1.5m"; 24 days at most`,
  );
}
