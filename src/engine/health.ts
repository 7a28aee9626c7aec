import type { HealthCheck } from "../oci/health.ts";
import { exists, readText, tryReadText } from "../linux/files.ts";
import type { Entry } from "./list.ts";
import { writeWhole } from "./state.ts";

/**
 * How a container with a health check is, in a file beside its record, written at each start and after each probe:
 *
 *   health.json    this
 *   health.lock    held by whoever looks after the probes (health-watch.ts)
 *   probe.lock     held during a probe
 *
 * The names are docker's, of `inspect`: State.Health.
 */
export type Health = {
  check: HealthCheck;
  Status: HealthStatus;
  /** Failures in a row. */
  FailingStreak: number;
  /** The last five, the youngest last. */
  Log: Probe[];
};
export type HealthStatus = "starting" | "healthy" | "unhealthy";

export type Probe = {
  Start: string;
  End: string;
  /** -1 where it took too long, or could not be started. */
  ExitCode: number;
  /** What it has printed: the first 4096 bytes. */
  Output: string;
};

const MOST_PROBES = 5;

const healthFile = (directory: string): string => `${directory}/health.json`;

export const hasHealthCheck = (directory: string): boolean => exists(healthFile(directory));

export const firstHealth = (check: HealthCheck): Health => ({
  check,
  Status: "starting",
  FailingStreak: 0,
  Log: [],
});

export const writeHealth = (directory: string, health: Health): void =>
  writeWhole(healthFile(directory), `${JSON.stringify(health)}\n`);

/** Throws an Error of one sentence where the file is not as it should be. */
export async function readHealth(directory: string): Promise<Health> {
  const { parseHealth } = await import("./record-schema.ts");
  return parseHealth(readText(healthFile(directory)));
}

/** docker's words, of `ps` and its filter: one that has ended is not well. */
export function healthStatus({ directory, status }: Entry): HealthStatus | "none" {
  const text = status === "created" ? undefined : tryReadText(healthFile(directory));
  if (text === undefined) return "none";
  if (status === "exited") return "unhealthy";
  const [, word] = /"Status":"(starting|healthy|unhealthy)"/.exec(text) ?? [];
  return (word as HealthStatus | undefined) ?? "none";
}

/** As it is after a probe (docker's daemon/health.go). `started`: milliseconds since 1970, when the container was. */
export function afterProbe(health: Health, probe: Probe, started: number): Health {
  const Log = [...health.Log, probe].slice(-MOST_PROBES);
  if (probe.ExitCode === 0) return { ...health, Status: "healthy", FailingStreak: 0, Log };
  const age = Date.parse(probe.Start) - started;
  if (health.Status === "starting" && age < health.check.startPeriod) return { ...health, Log };
  const FailingStreak = health.FailingStreak + 1;
  const Status = FailingStreak >= health.check.retries ? "unhealthy" : health.Status;
  return { ...health, Status, FailingStreak, Log };
}

/** When the next probe is due: an interval after the end of the last one, or after the start. Milliseconds since 1970. */
export function nextProbe({ check, Status, Log }: Health, started: number): number {
  const last = Log.at(-1);
  const from = last ? Date.parse(last.End) : started;
  const young = Status === "starting" && from - started < check.startPeriod;
  return from + (young ? check.startInterval : check.interval);
}
