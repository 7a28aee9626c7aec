import { KontenerError, SyscallError } from "../abi/error.ts";
import { decodeWaitStatus, type Ended } from "../abi/wait.ts";
import { close } from "../linux/files.ts";
import { tryCall } from "../linux/libc.ts";
import { turn } from "../linux/turn.ts";
import type { Plan, Step } from "../plan/step.ts";
import { executorFor, type Executor, type Keepsakes, type Ready } from "./executor.ts";
import { MessageReader, type Note } from "./protocol.ts";
import { send } from "./send.ts";
import { spawning } from "./spawn.ts";

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
  /** It goes. Until its command runs the engine would only wait: the moment for what nobody else waits for. */
  released?(): void;
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
export async function launch(
  work: Plan | Ready,
  options: LaunchOptions,
  hooks: Hooks,
): Promise<Ended> {
  const executor = await executorFor(work, {
    ...options,
    ask: hooks.step !== undefined,
  });
  await turn();
  const monitor = spawning("start the monitor", () =>
    Bun.spawn(executor.command, {
      argv0: "kontener-monitor",
      env: executor.env,
      stdio: [...options.stdio, "pipe"],
    }),
  );
  const fd = monitor.stdio[3] as unknown as number;
  hooks.spawned?.(monitor);
  let ended: Ended | undefined;
  try {
    await send(fd, executor.bytes);
    ended = await converse(fd, executor, hooks);
  } finally {
    close(fd); // a monitor that has not let PID 1 go ends with it
    // After an end it only takes its namespaces apart, which the engine need not wait for.
    if (!ended) await monitor.exited;
  }
  if (ended) return ended;
  if (monitor.signalCode) return { code: 137, signal: 9 }; // PID 1 ended with it, by PR_SET_PDEATHSIG
  throw brokenOff(monitor);
}

/**
 * Performs a plan up to the moment when the command runs, and leaves monitor and container to themselves. Throws as
 * {@link launch} does; then nothing of both is left.
 */
export async function launchDetached(
  work: Plan | Ready,
  options: Omit<LaunchOptions, "executor"> & { keep: Keepsakes },
  hooks: Omit<Hooks, "step">,
): Promise<void> {
  const executor = await executorFor(work, options);
  const { lock, exit } = options.keep;
  const monitor = spawning("start the monitor", () =>
    Bun.spawn(executor.command, {
      argv0: "kontener-monitor",
      env: executor.env,
      cwd: "/", // it would keep the caller's directory from being unmounted
      stdio: [...options.stdio, "pipe", lock, exit],
    }),
  );
  const fd = monitor.stdio[3] as unknown as number;
  let running = false;
  try {
    await send(fd, executor.bytes);
    const executed = () => {
      running = true;
      hooks.executed?.();
    };
    await converse(fd, executor, { ...hooks, executed }, "executed");
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

/**
 * Follows the protocol of `protocol.ts` to its end, or until the command runs; undefined where the monitor went away before
 * PID 1 ended.
 */
async function converse(
  fd: number,
  { steps, stepThatFailed, namespaces = [] }: Executor,
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
      hooks.released?.();
    } else if (note.kind === "terminal") {
      hooks.terminal?.(pid, note.step);
      answer(fd, "t");
    } else if (note.kind === "failed") {
      failure ??= await failureOf(note, await stepThatFailed(note.step), namespaces);
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
      if (!goOn) failure ??= await givenUp(step);
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

/** The texts of steps are loaded when there is something to say. */
const formats = () => import("../plan/format.ts");

async function failureOf(
  note: Note,
  step: Step | undefined,
  namespaces: readonly string[],
): Promise<SyscallError> {
  const { callArguments } = await formats();
  const call = step?.call ?? "clone";
  const args = step ? callArguments(step) : [...namespaces, "SIGCHLD"].join("|");
  return new SyscallError({ call, args, errno: -note.value, step: step?.why });
}

const givenUp = async (step: Step): Promise<KontenerError> =>
  new KontenerError(`given up before ${(await formats()).formatStep(step)}`, { code: "ABORTED" });
