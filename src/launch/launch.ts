import { closeSync, writeSync } from "node:fs";
import { KontenerError, SyscallError } from "../abi/error.ts";
import { decodeWaitStatus, type Ended } from "../abi/wait.ts";
import { callArguments, formatStep } from "../plan/format.ts";
import type { Plan, Step } from "../plan/step.ts";
import { encode, numbered } from "./encode.ts";
import { launcherPath } from "./launcher.ts";
import { MessageReader, type Note } from "./protocol.ts";
import { encodeRequest } from "./reference/request.ts";
import { oneThreadEnvironment, referenceCommand } from "./reference/start.ts";

/** A descriptor of the caller's for each of the command's standard ones; "inherit" is the engine's own. */
export type Stdio = readonly [StdioEnd, StdioEnd, StdioEnd];
/** "pipe": the other end is a stream of the monitor that `spawned` is told of. */
export type StdioEnd = "inherit" | "ignore" | "pipe" | number;
export type Launched = Pick<Bun.Subprocess, "stdin" | "stdout" | "stderr">;

export type Hooks = {
  /** The monitor has been started. */
  spawned?(monitor: Launched): void;
  /** PID 1 waits: set up its cgroup and network. It goes when the promise is fulfilled. */
  born(pid: number): void | Promise<void>;
  /** PID 1 has a terminal open; take its master, descriptor `fd` of process `pid`. */
  terminal?(pid: number, fd: number): void;
  /** The command runs. */
  executed?(): void;
  /** A step is done; only where `narrate` is set. */
  done?(step: Step, result: number, nanoseconds: number): void;
  /** May this step be taken? After a no the birth is given up. Only the reference executor asks: the hook chooses it. */
  step?(step: Step, number: number): boolean | Promise<boolean>;
};

export type LaunchOptions = {
  stdio: Stdio;
  narrate?: boolean;
  /** What performs the plan; the launcher program unless said otherwise. */
  executor?: "launcher" | "reference";
};

/**
 * Performs a plan and waits, on the event loop, until the container has ended. Throws {@link SyscallError} with the failed
 * step where the birth fails, and {@link KontenerError} with code "ABORTED" where `hooks.step` said no or the
 * executor broke off.
 */
export async function launch(plan: Plan, options: LaunchOptions, hooks: Hooks): Promise<Ended> {
  const useReference = options.executor === "reference" || hooks.step !== undefined;
  const narrate = options.narrate ?? false;
  const { command, env, bytes, stepOf } = useReference
    ? reference(plan, narrate, hooks.step !== undefined)
    : launcher(plan, narrate);
  const monitor = Bun.spawn(command, {
    argv0: "kontener-monitor",
    env,
    stdio: [...options.stdio, "pipe"],
  });
  const fd = monitor.stdio[3] as unknown as number;
  hooks.spawned?.(monitor);
  let ended: Ended | undefined;
  try {
    await send(fd, bytes);
    ended = await converse(fd, numbered(plan), stepOf, hooks);
  } finally {
    closeSync(fd); // a monitor that has not let PID 1 go ends with it
    await monitor.exited;
  }
  if (ended) return ended;
  if (monitor.signalCode) return { code: 137, signal: 9 }; // PID 1 ended with it, by PR_SET_PDEATHSIG
  throw new KontenerError(`the birth broke off: its monitor ended with ${monitor.exitCode}`, {
    code: "ABORTED",
    hint: "it may have said why on standard error",
  });
}

/** A program that performs plans, and a plan in the form that it reads. */
type Executor = {
  command: string[];
  env: Record<string, string>;
  bytes: Uint8Array;
  stepOf: (step: number) => number | undefined;
};

const launcher = (plan: Plan, narrate: boolean): Executor => ({
  command: [launcherPath()],
  env: {},
  ...encode(plan, { narrate }),
});

const reference = (plan: Plan, narrate: boolean, ask: boolean): Executor => ({
  command: referenceCommand(),
  env: oneThreadEnvironment,
  bytes: encodeRequest({ plan, narrate, ask }),
  stepOf: (step) => step,
});

/** Length, then plan. A socket's buffer holds an ordinary plan whole; a longer one is written as room comes. */
async function send(fd: number, bytes: Uint8Array): Promise<void> {
  const message = new Uint8Array(8 + bytes.length);
  new DataView(message.buffer).setUint32(0, bytes.length, true);
  message.set(bytes, 8);
  for (let at = 0; at < message.length;) {
    try {
      at += writeSync(fd, message, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await Bun.sleep(1);
    }
  }
}

/** Follows the protocol of `protocol.ts` to its end; undefined where the monitor went away before PID 1 ended. */
async function converse(
  fd: number,
  steps: readonly Step[],
  stepOf: (offset: number) => number | undefined,
  hooks: Hooks,
): Promise<Ended | undefined> {
  let pid = 0;
  let failure: KontenerError | undefined;
  let ended: Ended | undefined;
  for await (const note of notes(fd)) {
    if (note.kind === "forked") {
      pid = note.value;
      await hooks.born(pid);
      answer(fd, "g");
    } else if (note.kind === "terminal") {
      hooks.terminal?.(pid, note.step);
      answer(fd, "t");
    } else if (note.kind === "failed") {
      failure ??= failureOf(note, steps[stepOf(note.step) ?? -1]);
    } else if (note.kind === "executed") {
      if (!failure) hooks.executed?.();
    } else if (note.kind === "done") {
      hooks.done?.(steps[note.step]!, note.value, note.nanoseconds);
    } else if (note.kind === "next") {
      const step = steps[note.step]!;
      const goOn = await hooks.step?.(step, note.step);
      answer(fd, goOn ? "y" : "q");
      if (!goOn) failure ??= givenUp(step);
    } else if (note.kind === "ended") {
      ended ??= decodeWaitStatus(note.value);
    }
  }
  if (failure) throw failure;
  return ended;
}

function answer(fd: number, byte: string): void {
  try {
    writeSync(fd, byte);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error; // killed meanwhile: the stream's end says so
  }
}

async function* notes(fd: number): AsyncGenerator<Note> {
  const reader = new MessageReader();
  try {
    for await (const chunk of Bun.file(fd).stream()) yield* reader.read(chunk);
  } catch (error) {
    // The other side has ended before it read all of ours (unix(7)): an end like any other.
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
  }
}

function failureOf(note: Note, step: Step | undefined): SyscallError {
  const call = step?.call ?? "clone";
  const args = step ? callArguments(step) : "SIGCHLD";
  return new SyscallError({ call, args, errno: -note.value, step: step?.why });
}

const givenUp = (step: Step): KontenerError =>
  new KontenerError(`given up before ${formatStep(step)}`, { code: "ABORTED" });
