import { KontenerError, SyscallError } from "../abi/error.ts";
import { decodeWaitStatus, type Ended } from "../abi/wait.ts";
import { close } from "../linux/files.ts";
import { tryCall } from "../linux/libc.ts";
import { turn } from "../linux/turn.ts";
import { callArguments, formatStep } from "../plan/format.ts";
import type { Plan, Step } from "../plan/step.ts";
import { encode, numbered, type Successor } from "./encode.ts";
import { launcherPath } from "./launcher.ts";
import { MessageReader, type Note } from "./protocol.ts";
import { encodeRequest } from "./reference/request.ts";
import { send } from "./send.ts";
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
  await turn();
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
    close(fd); // a monitor that has not let PID 1 go ends with it
    // After an end it only takes its namespaces apart, which the engine need not wait for.
    if (!ended) await monitor.exited;
  }
  if (ended) return ended;
  if (monitor.signalCode) return { code: 137, signal: 9 }; // PID 1 ended with it, by PR_SET_PDEATHSIG
  throw brokenOff(monitor);
}

/** What a monitor keeps that outlives its engine: descriptors of the engine's, which it may close afterwards. */
export type Keepsakes = {
  /** Locked for as long as the monitor lives (flock(2): a lock belongs to the open file). */
  lock: number;
  /** The message "ended" of protocol.ts is written here, with the time of CLOCK_REALTIME. */
  exit: number;
  /** What takes its place when the container has ended. */
  successor?: Successor;
};

/**
 * Performs a plan up to the moment when the command runs, and leaves monitor and container to themselves. Throws as
 * {@link launch} does; then nothing of both is left.
 */
export async function launchDetached(
  plan: Plan,
  options: Omit<LaunchOptions, "executor"> & { keep: Keepsakes },
  hooks: Omit<Hooks, "step">,
): Promise<void> {
  const { command, env, bytes, stepOf } = launcher(plan, options.narrate ?? false, options.keep);
  const { lock, exit } = options.keep;
  const monitor = Bun.spawn(command, {
    argv0: "kontener-monitor",
    env,
    cwd: "/", // it would keep the caller's directory from being unmounted
    stdio: [...options.stdio, "pipe", lock, exit],
  });
  const fd = monitor.stdio[3] as unknown as number;
  let running = false;
  try {
    await send(fd, bytes);
    const executed = () => {
      running = true;
      hooks.executed?.();
    };
    await converse(fd, numbered(plan), stepOf, { ...hooks, executed }, "executed");
  } finally {
    close(fd);
    if (running) monitor.unref();
    else await monitor.exited;
  }
  if (!running) throw brokenOff(monitor);
}

const brokenOff = (monitor: Bun.Subprocess): KontenerError =>
  new KontenerError(`the birth broke off: its monitor ended with ${monitor.exitCode}`, {
    code: "ABORTED",
    hint: "it may have said why on standard error",
  });

/** A program that performs plans, and a plan in the form that it reads. */
type Executor = {
  command: string[];
  env: Record<string, string>;
  bytes: Uint8Array;
  stepOf: (step: number) => number | undefined;
};

const launcher = (plan: Plan, narrate: boolean, keep?: Keepsakes): Executor => ({
  command: [launcherPath()],
  env: {},
  ...encode(plan, { narrate, detached: keep !== undefined, successor: keep?.successor }),
});

const reference = (plan: Plan, narrate: boolean, ask: boolean): Executor => ({
  command: referenceCommand(),
  env: oneThreadEnvironment,
  bytes: encodeRequest({ plan, narrate, ask }),
  stepOf: (step) => step,
});

/**
 * Follows the protocol of `protocol.ts` to its end, or until the command runs; undefined where the monitor went away before
 * PID 1 ended.
 */
async function converse(
  fd: number,
  steps: readonly Step[],
  stepOf: (offset: number) => number | undefined,
  hooks: Hooks,
  until: "ended" | "executed" = "ended",
): Promise<Ended | undefined> {
  let pid = 0;
  let executed = false;
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
      if (failure) continue;
      executed = true;
      hooks.executed?.();
      if (until === "executed") return undefined;
    } else if (note.kind === "done") {
      hooks.done?.(steps[note.step]!, note.value, note.nanoseconds);
    } else if (note.kind === "next") {
      const step = steps[note.step]!;
      const goOn = await hooks.step?.(step, note.step);
      answer(fd, goOn ? "y" : "q");
      if (!goOn) failure ??= givenUp(step);
    } else if (note.kind === "ended") {
      ended = decodeWaitStatus(note.value);
      break; // what the monitor does after this is nobody's concern
    }
  }
  if (failure) throw failure;
  if (ended && !executed) hooks.executed?.(); // a quick command's reaper (--init) was faster than the monitor
  return ended;
}

/** Nobody may be left to hear it: the stream's end says so. */
const answer = (fd: number, byte: string): void => void tryCall("write", fd, byte, 1);

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
