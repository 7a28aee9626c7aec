import type { Usage } from "../cgroup/stats.ts";
import type { Stdio } from "../launch/launch.ts";
import { healthCheckOf } from "../oci/health.ts";
import { startContainer, type StartRequest } from "./container.ts";
import { firstHealth, writeHealth } from "./health.ts";
import { note } from "./journal.ts";
import { containersDirectory } from "./record.ts";
import { SignalForwarder } from "./signals.ts";

/** What is known of a container when it has ended. */
export type Result = {
  id: string;
  name: string;
  image: string;
  /** The command's, or 128 + n after signal n. */
  exitCode: number;
  signal: number | null;
  /** The kernel killed a process of the container for want of memory. */
  oomKilled: boolean;
  /** Bytes of memory that it was allowed; undefined where unlimited. */
  memoryLimit?: number;
  /** Where its writable layer is, with `keep`. */
  kept?: string;
  /** From the engine's first step to the container's end. */
  wallTimeMs: number;
  usage: Partial<Usage>;
};

export type RunRequest = Omit<StartRequest, "stdio" | "spawned" | "signalsTo" | "terminal">;

/**
 * A container's whole life in the foreground, on the engine's own standard descriptors or terminal; signals are passed on.
 * Whatever happens, at the end nothing of it is left (but the writable layer, with `keep`).
 */
export async function runContainer(request: RunRequest): Promise<Result> {
  const { options } = request;
  const start = performance.now();
  using signals = new SignalForwarder();
  const interactive = options.interactive ?? false;
  const stdio: Stdio = options.tty
    ? ["ignore", "ignore", "ignore"]
    : [interactive ? "inherit" : "ignore", "inherit", "inherit"];
  const Bridge = options.tty ? (await import("./terminal.ts")).TerminalBridge : undefined;
  let terminal: AsyncDisposable | undefined;
  try {
    const container = await startContainer({
      ...request,
      stdio,
      signalsTo: (pid) => signals.start(pid),
      terminal(pid, fd) {
        if (Bridge) terminal = new Bridge(pid, fd, interactive);
      },
    });
    try {
      const { record, spec } = container;
      const directory = `${containersDirectory(request.paths)}/${record.id}`;
      const check = healthCheckOf(options, request.image.config);
      if (check) {
        writeHealth(directory, firstHealth(check));
        await (
          await import("./health-watch.ts")
        ).beginHealth(record.id, request.paths, request.observer.warn);
      }
      const ended = await container.ended;
      const usage = container.usage();
      if ((usage.oomKills ?? 0) > 0) note(directory, record, "oom");
      note(directory, record, "die", { exitCode: String(ended.code) });
      const limit = spec.linux.resources?.memory?.limit ?? -1;
      return {
        id: record.id,
        name: record.name,
        image: record.image,
        exitCode: ended.code,
        signal: ended.signal,
        oomKilled: (usage.oomKills ?? 0) > 0,
        ...(limit > 0 ? { memoryLimit: limit } : {}),
        ...(record.keep && record.scratch !== null ? { kept: `${record.scratch}/upper` } : {}),
        wallTimeMs: Math.round(10 * (performance.now() - start)) / 10,
        usage,
      };
    } finally {
      await container.remove();
    }
  } finally {
    await terminal?.[Symbol.asyncDispose]();
  }
}
