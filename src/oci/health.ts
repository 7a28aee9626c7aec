import type { ImageConfig } from "../image/image.ts";
import type { ContainerOptions } from "../spec/options.ts";

/** How it is found out whether a container is well. Lengths of time in milliseconds. */
export type HealthCheck = {
  /** A command of the container's: 0 is well. */
  command: string[];
  interval: number;
  timeout: number;
  retries: number;
  startPeriod: number;
  startInterval: number;
};

/** docker's (daemon/health.go). */
const defaults = {
  interval: 30_000,
  timeout: 30_000,
  retries: 3,
  startPeriod: 0,
  startInterval: 5000,
};

/** setTimeout's, in milliseconds: 24.8 days. */
const MOST = 2 ** 31 - 1;

/** What is asked for, for the rest the image's HEALTHCHECK, for the rest docker's defaults; undefined: nobody asks. */
export function healthCheckOf(
  { health = {} }: ContainerOptions,
  { Healthcheck: own = {}, Shell }: ImageConfig,
): HealthCheck | undefined {
  if (health === "none") return undefined;
  const shell = Shell?.length ? Shell : ["/bin/sh", "-c"];
  const command =
    health.command === undefined ? commandOf(own.Test, shell) : [...shell, health.command];
  if (!command) return undefined;
  const of = (key: keyof typeof defaults, image = 0, unit = 1e6): number =>
    Math.min(health[key] || image / unit || defaults[key], MOST);
  return {
    command,
    interval: of("interval", own.Interval),
    timeout: of("timeout", own.Timeout),
    retries: of("retries", own.Retries, 1),
    startPeriod: of("startPeriod", own.StartPeriod),
    startInterval: of("startInterval", own.StartInterval),
  };
}

/** `["CMD", …]`, `["CMD-SHELL", line]`; undefined for `["NONE"]`, nothing, and what nobody knows. */
function commandOf(test: string[] | null | undefined, shell: string[]): string[] | undefined {
  const [kind, ...words] = test ?? [];
  if (words.length === 0) return undefined;
  if (kind === "CMD-SHELL") return [...shell, words[0]!];
  return kind === "CMD" ? words : undefined;
}
