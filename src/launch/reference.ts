import { errnos, type Errno } from "../abi/errno.ts";
import { AT_FDCWD } from "../abi/open.ts";
import { cstring, memory, tryCall } from "../linux/libc.ts";
import { FIRST_STORED_FD, type Step, type UserNamespace } from "../plan/step.ts";
import { ENGINE_FD, SIGCHLD } from "./program.ts";
import { exit, hear, mayGoOn, receive, tell } from "./reference/engine.ts";
import { fork, prepareFork } from "./reference/fork.ts";
import { libcCall } from "./reference/libc-call.ts";
import type { Request } from "./reference/request.ts";

const SIG_BLOCK = 0;
const EVERY_SIGNAL = memory(8).fill(0xff);
const O_CLOEXEC = 0o2000000;
const LAST_FD = 0xffffffff;
const WALL = 0x40000000;
const O_WRONLY = 1;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const PR_SET_DUMPABLE = 4;
/** In a message about what is no step of the plan: the fork. */
const NO_STEP = 0xffffffff;

/**
 * The reference executor: a container's birth as a program that calls the C library, one step after the other. It does
 * what the launcher program does and talks to the engine in the same way (protocol.ts), but can be read, and can wait
 * for leave before each step (`--step`).
 *
 *   this process, the monitor          PID 1
 *     │ unshare(CLONE_NEWPID|…)
 *     │ fork() ─────────────────────────► │ wait until the engine says go
 *     │                                   │ mount(…), pivot_root(".", "."), sethostname(…), setresuid(…), …
 *     │ read(pipe): nothing more ◄─────── │ execve(command): the pipe's other end closes (O_CLOEXEC)
 *     │ wait4(): its status ◄──────────── │ the command ends
 *
 * After the fork there are two processes that run this JavaScript. Both make nothing but system calls: neither returns to
 * Bun's event loop, whose descriptors are closed, and both end by exit_group(2).
 */
export function serve(): never {
  try {
    // The monitor outlives ^C and SIGTERM; PID 1 lets signals in again before its command starts.
    tryCall("rt_sigprocmask", SIG_BLOCK, EVERY_SIGNAL, null, 8);
    const request = receive();
    prepareFork();
    tryCall("close_range", ENGINE_FD + 1, LAST_FD, 0);
    birth(request);
  } catch (error) {
    const text = cstring(`kontener: ${String(error)}\n`);
    tryCall("write", 2, text, text.length - 1);
  }
  return exit(125);
}

function birth({ plan, narrate, ask }: Request): never {
  const runner = new StepRunner(narrate, ask);
  runner.perform(plan.monitor, 0);
  const pipe = new Int32Array(memory(8).buffer);
  orFail(tryCall("pipe2", new Uint8Array(pipe.buffer), O_CLOEXEC));
  const [readEnd, writeEnd] = pipe as unknown as [number, number];
  const pid = orFail(fork(plan.namespaces));
  if (pid > 0) {
    if (plan.birthplace !== undefined) runner.settle(plan.birthplace, pid);
    monitor(pid, readEnd, writeEnd);
  }
  runner.perform(plan.init, plan.monitor.length);
  throw new Error("the plan ends without an execve");
}

/** The parent's half: it keeps nothing but the socket, and tells how PID 1 fares. */
function monitor(pid: number, readEnd: number, writeEnd: number): never {
  tell("forked", 0, pid);
  tryCall("close_range", 0, ENGINE_FD - 1, 0);
  tryCall("close", writeEnd);
  tryCall("read", readEnd, memory(1), 1);
  tell("executed");
  tell("ended", 0, waitFor(pid));
  return exit(0);
}

/** Performs steps in order; whatever fails and is not ignored ends the process that meets it. */
class StepRunner {
  readonly #stored = new Map<string, number>();
  readonly #narrate: boolean;
  readonly #ask: boolean;

  constructor(narrate: boolean, ask: boolean) {
    this.#narrate = narrate;
    this.#ask = ask;
  }

  perform(steps: readonly Step[], first: number): void {
    steps.forEach((step, i) => {
      const number = first + i;
      if (this.#ask && !mayGoOn(number)) exit(125);
      const result = this.#take(step, number);
      if (result < 0 && !isIgnored(step, result)) fail(number, result);
      if (this.#narrate && step.call !== "execve") tell("done", number, result);
    });
  }

  #take(step: Step, number: number): number {
    if (step.call === "reap") return reap(number);
    if (step.call === "hold") return hold();
    if (step.call === "meet") return meet(step.at, this.#stored);
    if (step.call === "userns") return this.#store(step.store ?? "", userNamespace(step));
    const result = libcCall(step, (name) => this.#fd(name));
    if (step.store) return this.#store(step.store, result);
    // Opened only to see whether it can be, or to make it.
    if (step.call === "openat" && result >= 0) tryCall("close", result);
    return result;
  }

  /** fork(3) knows no birthplace: the child, which waits, is moved there. clone3(2) would have it born there. */
  settle(birthplace: string, pid: number): void {
    const procs = orFail(tryCall("openat", this.#fd(birthplace), "cgroup.procs", 1, 0));
    const text = cstring(String(pid));
    orFail(tryCall("write", procs, text, text.length - 1));
    tryCall("close", procs);
  }

  #fd(name: string): number {
    const fd = this.#stored.get(name);
    if (fd === undefined) throw new Error(`plan: nothing is stored as “${name}”`);
    return fd;
  }

  /** To a number from {@link FIRST_STORED_FD} on: the plan closes everything from there when it is not needed any more. */
  #store(name: string, fd: number): number {
    if (fd < 0) return fd;
    const kept = tryCall("dup3", fd, FIRST_STORED_FD + this.#stored.size, O_CLOEXEC);
    tryCall("close", fd);
    this.#stored.set(name, kept);
    return kept;
  }
}

const isIgnored = (step: Step, result: number): boolean =>
  !!step.ignore?.some((name: Errno) => errnos[name] === -result);

/** A child in a new user namespace, whose maps are written from here; the namespace outlives it, open. */
function userNamespace({ uid_map, gid_map }: UserNamespace): number {
  const child = fork(["CLONE_NEWUSER"]);
  if (child < 0) return child;
  if (child === 0) {
    tryCall("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    tryCall("ppoll", null, 0, new Uint8Array(BigUint64Array.of(5n, 0n).buffer), null, 0);
    exit(0);
  }
  const write = (name: string, text: string): number => {
    const fd = tryCall("openat", AT_FDCWD, `/proc/${child}/${name}`, O_WRONLY, 0);
    if (fd < 0) return fd;
    const written = tryCall("write", fd, text, text.length);
    tryCall("close", fd);
    return written;
  };
  const written = Math.min(write("uid_map", uid_map), write("gid_map", gid_map));
  const namespace = `/proc/${child}/ns/user`;
  const fd = written < 0 ? written : tryCall("openat", AT_FDCWD, namespace, O_CLOEXEC, 0);
  tryCall("kill", child, SIGKILL);
  tryCall("wait4", child, null, WALL, null);
  return fd;
}

/** PID 1 waits for the engine. */
function meet(at: "go" | "terminal", stored: ReadonlyMap<string, number>): number {
  if (at === "terminal") tell("terminal", stored.get("terminal") ?? NO_STEP);
  hear(at[0]!); // “g” or “t”
  return 0;
}

/**
 * PID 1 of `--init`: the child goes on and becomes the command; here everything that ends is reaped, until the child has.
 * Not dumpable, so that the container cannot attach to it and use its socket (ptrace(2), pidfd_getfd(2)).
 */
function reap(number: number): number {
  const child = fork();
  if (child < 0) fail(number, child);
  if (child === 0) return 0;
  tryCall("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);
  tryCall("close_range", 0, ENGINE_FD - 1, 0);
  tryCall("close_range", ENGINE_FD + 1, LAST_FD, 0);
  tell("ended", 0, waitFor(child));
  return exit(0);
}

/** PID 1 of a box: it sleeps until it is killed, and the kernel reaps what ends (SIGCHLD is ignored). */
function hold(): never {
  tryCall("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);
  const ignore = new BigUint64Array(memory(32).buffer);
  ignore[0] = 1n; // SIG_IGN
  tryCall("rt_sigaction", SIGCHLD, new Uint8Array(ignore.buffer), null, 8);
  tryCall("close_range", 0, LAST_FD, 0);
  for (;;) tryCall("ppoll", null, 0, null, null, 0);
}

/** Reaps children until this one has ended; its wait status. */
function waitFor(pid: number): number {
  const status = memory(4);
  for (;;) {
    const reaped = tryCall("wait4", -1, status, WALL, null);
    if (reaped === pid || reaped < 0) return new DataView(status.buffer).getInt32(0, true);
  }
}

function orFail(result: number): number {
  return result < 0 ? fail(NO_STEP, result) : result;
}

function fail(number: number, result: number): never {
  tell("failed", number, result);
  return exit(125);
}
