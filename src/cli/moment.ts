import { invalid } from "../abi/error.ts";
import { quote } from "../spec/values.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time, or how long ago it was (`10m`, `1h30m`), or seconds since 1970, as docker takes it; milliseconds since 1970. */
export function parseMoment(flag: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)];
    return Date.now() - parts.reduce((sum, [, n, unit]) => sum + Number(n) * units[unit!]!, 0);
  }
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw invalid(
    `${flag} ${quote(text)} is not a time`,
    `like ${new Date().toISOString().slice(0, 19)}Z, or how long ago: 10m`,
  );
}
