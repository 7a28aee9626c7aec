import type { Ended } from "../abi/wait.ts";
import type { Keepsakes, Ready } from "../launch/executor.ts";
import {
  launch,
  launchDetached,
  type Hooks,
  type Launched,
  type LaunchOptions,
  type Stdio,
} from "../launch/launch.ts";
import { readText } from "../linux/files.ts";
import { annotations } from "../oci/annotations.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { Plan, Step } from "../plan/step.ts";
import { ownPipes } from "./own-pipes.ts";
import { doHostSteps } from "./host-steps.ts";

/** Told of a birth while it happens. */
export type Observer = {
  warn(text: string): void;
  /** It has a record, and nothing else yet. What is thrown here ends the start. */
  recorded?(id: string): void;
  planned?(plan: Plan): void;
  host?(step: HostStep, result: number, milliseconds: number): void;
  born?(pid: number): void;
  child?(step: Step, result: number, nanoseconds: number): void;
  executed?(): void;
  /** `--step`: false gives up. */
  ask?(step: Step, number: number): Promise<boolean>;
};

export type BirthRequest = {
  plan: Plan | Ready;
  spec: RuntimeSpec;
  /** The image's layers, to look at when a command cannot be run. */
  layers: readonly string[];
  stdio: Stdio;
  executor: "launcher" | "reference";
  observer: Observer;
  /** The monitor is there: its ends of the command's pipes. */
  spawned?(monitor: Launched): void;
  /** The process that is going to be the command, or with `--init` its parent. */
  born?(pid: number): void | Promise<void>;
  /** That process goes on, and needs nothing of the engine. */
  released?(): void;
  /** From now on there is a process that signals for the command can be sent to. */
  signalsTo?(pid: number): void;
  /** The command runs, or has already ended. */
  executed?(): void;
  /** Takes the terminal's master, descriptor `fd` of process `pid`. */
  terminal?(pid: number, fd: number): void;
};

/** Performs a plan, the engine's steps and the child's, and waits for the command's end. */
export const giveBirth = (request: BirthRequest): Promise<Ended> => birth(request, launch);

/** The same up to the moment when the command runs; what is kept is its monitor's. */
export const giveDetachedBirth = (request: BirthRequest, keep: Keepsakes): Promise<void> =>
  birth(request, (plan, options, hooks) => launchDetached(plan, { ...options, keep }, hooks));

async function birth<T>(
  request: BirthRequest,
  perform: (plan: Plan | Ready, options: LaunchOptions, hooks: Hooks) => Promise<T>,
): Promise<T> {
  const { plan, spec, layers, stdio, executor, observer } = request;
  if (observer.planned) observer.planned("bytes" in plan ? await plan.plan() : plan);
  ownPipes(stdio, spec);
  await doHostSteps(plan.before, 0, observer.host);
  const reaper = spec.annotations?.[annotations.init] === "true";
  let process = 0;
  try {
    return await perform(
      plan,
      { stdio, narrate: observer.child !== undefined, executor },
      {
        ...(request.spawned ? { spawned: request.spawned } : {}),
        async born(pid) {
          process = pid;
          observer.born?.(pid);
          await doHostSteps(plan.birth, pid, observer.host);
          await request.born?.(pid);
          if (!reaper) request.signalsTo?.(pid);
        },
        released: () => request.released?.(),
        terminal: (pid, fd) => request.terminal?.(pid, fd),
        executed() {
          // PID 1 of --init holds signals back: they are for its child.
          if (reaper) request.signalsTo?.(firstChild(process) ?? process);
          request.executed?.();
          observer.executed?.();
        },
        ...(observer.child ? { done: observer.child } : {}),
        ...(observer.ask ? { step: observer.ask } : {}),
      },
    );
  } catch (error) {
    throw (await import("./command-errors.ts")).commandError(error, spec, layers);
  }
}

/** proc_pid_task(5), "children": the first of `--init`'s PID 1 is the command. Undefined where both have ended. */
export function firstChild(pid: number): number | undefined {
  try {
    return Number(readText(`/proc/${pid}/task/${pid}/children`).split(" ")[0]) || undefined;
  } catch {
    return undefined;
  }
}
