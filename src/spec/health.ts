import { invalid } from "../abi/error.ts";
import { goDuration } from "./go-duration.ts";
import type { ContainerOptions } from "./options.ts";
import { quote } from "./values.ts";

/** `--health-…`: what is asked for in place of the image's HEALTHCHECK. Lengths of time in milliseconds. */
export type HealthOptions = {
  /** A line for the image's shell, or `/bin/sh -c`. */
  command?: string;
  interval?: number;
  timeout?: number;
  /** Failures in a row after which it is unhealthy. */
  retries?: number;
  /** Failures do not count so long after the start, until the first success. */
  startPeriod?: number;
  /** Between two probes during that time. */
  startInterval?: number;
};

/** Go's: `30s`, `1m30s`, and as in docker 0 for "as usual". Milliseconds. */
export function parseHealthDuration(flag: string, text: string): number {
  const nanoseconds = text === "0" ? 0 : goDuration(text);
  if (nanoseconds === undefined)
    throw invalid(`${flag} ${quote(text)} is not a length of time`, `for example ${flag} 30s`);
  return nanoseconds / 1e6;
}

/** docker's least, and setTimeout's most: 24.8 days. */
const [LEAST, MOST] = [1, 2 ** 31 - 1];

/** Throws INVALID. */
export function checkHealth({ health }: ContainerOptions): void {
  if (health === undefined || health === "none") return;
  const times = {
    "--health-interval": health.interval,
    "--health-timeout": health.timeout,
    "--health-start-period": health.startPeriod,
    "--health-start-interval": health.startInterval,
  };
  for (const [flag, value = 0] of Object.entries(times))
    if (value !== 0 && !(value >= LEAST && value <= MOST))
      throw invalid(`${flag} ${value}ms is not from 1ms to 24 days`);
  if (health.command === "") throw invalid("--health-cmd is empty", "--no-healthcheck means none");
}
