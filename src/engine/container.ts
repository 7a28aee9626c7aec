import { mkdirSync } from "node:fs";
import type { Ended } from "../abi/wait.ts";
import { readLayout } from "../cgroup/host.ts";
import { readUsage, type Usage } from "../cgroup/stats.ts";
import type { Image } from "../image/image.ts";
import { launch, type Stdio } from "../launch/launch.ts";
import type { Paths } from "../linux/paths.ts";
import { linkName } from "../network/plan.ts";
import { annotations } from "../oci/annotations.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { Host } from "../plan/host.ts";
import type { Plan, Step } from "../plan/step.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { commandError } from "./command-errors.ts";
import { doHostSteps } from "./host-steps.ts";
import { newHostname, newId } from "./id.ts";
import { plugCable } from "./network.ts";
import { prepare } from "./prepare.ts";
import { createRecord, type Record } from "./record.ts";
import { cgroupPath, removeContainer } from "./remove.ts";
import { firstChild, SignalForwarder } from "./signals.ts";

/** Told of a container's life while it happens. */
export type Observer = {
  warn(text: string): void;
  planned?(plan: Plan): void;
  host?(step: HostStep, result: number, milliseconds: number): void;
  born?(pid: number): void;
  child?(step: Step, result: number, nanoseconds: number): void;
  executed?(): void;
  /** `--step`: false gives up. */
  ask?(step: Step, number: number): Promise<boolean>;
};

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

export type RunRequest = {
  options: ContainerOptions;
  image: Image;
  host: Host;
  paths: Paths;
  executor: "launcher" | "reference";
  observer: Observer;
};

/**
 * A container's whole life in the foreground: record, resources, birth, end, removal. Whatever happens in between, at the
 * end nothing of it is left (but the writable layer, with `keep`).
 */
export async function runContainer(request: RunRequest): Promise<Result> {
  const { options, image, paths } = request;
  const start = performance.now();
  using signals = new SignalForwarder();
  const id = newId();
  const hostname = options.hostname ?? newHostname();
  const bridged = (options.network ?? "bridge") === "bridge";
  const record: Record = {
    id,
    name: options.name ?? hostname,
    image: image.name,
    created: new Date().toISOString(),
    command: options.command ?? [],
    engine: process.pid,
    scratch: options.rootfs === undefined ? `${paths.lib}/containers/${id}` : null,
    keep: options.keep ?? false,
    link: bridged ? linkName(id) : null,
  };
  mkdirSync(`${paths.lib}/containers`, { recursive: true, mode: 0o711 });
  const held = createRecord(record, paths);
  try {
    const cable = bridged ? await plugCable(id, paths, request.observer.warn) : undefined;
    const { scratch } = record;
    const prepared = await prepare({ ...request, id, hostname, cable, scratch: scratch ?? "" });
    for (const warning of prepared.warnings) request.observer.warn(warning);
    const ended = await giveBirth(request, prepared.plan, prepared.spec, signals);
    const usage = readUsage(readLayout(), cgroupPath(id), [
      "memoryPeak",
      "cpuTimeUsec",
      "oomKills",
    ]);
    const limit = prepared.spec.linux.resources?.memory?.limit ?? -1;
    return {
      id,
      name: record.name,
      image: image.name,
      exitCode: ended.code,
      signal: ended.signal,
      oomKilled: (usage.oomKills ?? 0) > 0,
      ...(limit > 0 ? { memoryLimit: limit } : {}),
      ...(record.keep && scratch !== null ? { kept: `${scratch}/upper` } : {}),
      wallTimeMs: Math.round(10 * (performance.now() - start)) / 10,
      usage,
    };
  } finally {
    await removeContainer(held, paths);
  }
}

async function giveBirth(
  { options, image, observer, executor }: RunRequest,
  plan: Plan,
  spec: RuntimeSpec,
  signals: SignalForwarder,
): Promise<Ended> {
  const interactive = options.interactive ?? false;
  const tty = spec.process.terminal ?? false;
  const stdio: Stdio = tty
    ? ["ignore", "ignore", "ignore"]
    : [interactive ? "inherit" : "ignore", "inherit", "inherit"];
  observer.planned?.(plan);
  doHostSteps(plan.before, 0, observer.host);
  const reaper = spec.annotations?.[annotations.init] === "true";
  let born = 0;
  let terminal: AsyncDisposable | undefined;
  const Bridge = tty ? (await import("./terminal.ts")).TerminalBridge : undefined;
  try {
    return await launch(
      plan,
      { stdio, narrate: observer.child !== undefined, executor },
      {
        born(pid) {
          born = pid;
          observer.born?.(pid);
          doHostSteps(plan.birth, pid, observer.host);
          if (!reaper) signals.start(pid);
        },
        terminal(pid, fd) {
          if (Bridge) terminal = new Bridge(pid, fd, interactive);
        },
        executed() {
          if (reaper) signals.start(firstChild(born)); // PID 1 holds signals back: they are for the command
          observer.executed?.();
        },
        ...(observer.child ? { done: observer.child } : {}),
        ...(observer.ask ? { step: observer.ask } : {}),
      },
    );
  } catch (error) {
    throw commandError(error, spec, options.rootfs === undefined ? image.layers : [options.rootfs]);
  } finally {
    await terminal?.[Symbol.asyncDispose]();
  }
}
