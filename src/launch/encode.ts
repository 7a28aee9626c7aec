import { errnos } from "../abi/errno.ts";
import { bits } from "../abi/flags.ts";
import { AT_FDCWD } from "../abi/open.ts";
import { cloneFlags } from "../abi/sched.ts";
import { signals } from "../abi/signal.ts";
import { archOf, syscallNumber, type Arch, type SyscallName } from "../abi/syscall.ts";
import { parametersOf } from "../plan/signatures.ts";
import { FIRST_STORED_FD, type Plan, type Step, type UserNamespace } from "../plan/step.ts";
import { lower, type Lowered } from "./arguments.ts";
import { userNamespaceSteps } from "./user-namespace.ts";
import { bootSteps, ENGINE_FD, SIGCHLD } from "./program.ts";
import { kinds } from "./protocol.ts";
import { BASE } from "./memory.ts";
import {
  argumentOf,
  Message,
  MESSAGE_SIZE,
  NONZERO,
  stepAt,
  Table,
  timeOf,
  valueOf,
  type RawArgument,
  type RawStep,
} from "./table.ts";

export type Encoded = {
  bytes: Uint8Array;
  /** The plan's step that the table's step at this offset belongs to; undefined for the launcher's own. */
  stepOf: (offset: number) => number | undefined;
};

/** Steps are numbered through the plan: the monitor's, then PID 1's. */
export const numbered = (plan: Plan): Step[] => [...plan.monitor, ...plan.init];

/** A program of the host's that takes the monitor's place when PID 1 has ended. */
export type Successor = { argv: readonly string[]; env: readonly string[] };

/** What the monitor may have left or joined; the mount namespace last, in which the others' files are. */
const hostNamespaces = ["uts", "ipc", "net", "pid_for_children", "mnt"] as const;

const O_RDWR = 2;
const SIG_SETMASK = 2;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const PR_SET_DUMPABLE = 4;
const [SIG_DFL, SIG_IGN] = [0, 1];
/** Those that a monitor may have been sent. */
const forgotten = [
  signals.SIGPIPE,
  signals.SIGHUP,
  signals.SIGINT,
  signals.SIGQUIT,
  signals.SIGTERM,
  signals.SIGUSR1,
  signals.SIGUSR2,
];
const WALL = 0x40000000;
const SCRATCH_FD = 6; // from ENGINE_FD + 1 to here: descriptors on their way to another number
const EXIT_FD = 7;
const EXEC_PIPE = 8; // its read end; the write end is the next number
const O_CLOEXEC = 0o2000000;

/**
 * Lays a plan out for the launcher program. `narrate`: each step reports that it is done, with the time. `detached`: the
 * monitor finds two more descriptors behind its socket, and keeps them: a lock, held for as long as it lives, and a file,
 * to which it writes the message "ended". `successor`: what the monitor becomes after that, back among the host's
 * namespaces.
 */
export function encode(
  plan: Plan,
  {
    narrate = false,
    detached = false,
    successor = undefined as Successor | undefined,
    arch = archOf(process.arch),
  } = {},
): Encoded {
  return new Encoder(arch, narrate, detached, successor).encode(plan);
}

class Encoder {
  readonly #table = new Table();
  readonly #forked = new Message(kinds.forked);
  readonly #origin = new Map<number, number>();
  readonly #stored = new Map<string, number>();
  readonly #arch: Arch;
  readonly #narrate: boolean;
  readonly #detached: boolean;
  readonly #successor: Successor | undefined;
  #current: number | undefined;

  constructor(arch: Arch, narrate: boolean, detached: boolean, successor: Successor | undefined) {
    this.#arch = arch;
    this.#narrate = narrate;
    this.#detached = detached;
    this.#successor = successor;
  }

  encode(plan: Plan): Encoded {
    for (const step of bootSteps(this.#arch)) this.#table.add(step);
    this.#monitor(plan);
    this.#init(plan);
    this.#failure();
    this.#wait();
    const bytes = this.#table.layout(kinds.failed);
    return { bytes, stepOf: (offset) => this.#origin.get(stepAt(offset)) };
  }

  #monitor(plan: Plan): void {
    if (this.#detached) this.#keep();
    else this.#call("close_range", [ENGINE_FD + 1, 0xffffffff, 0]);
    plan.monitor.forEach((step, i) => this.#step(step, i));
    // The pipe that PID 1 closes by execve, at numbers that nothing else uses.
    this.#call("pipe2", [new Uint8Array(8), O_CLOEXEC]);
    this.#call("dup3", [ENGINE_FD + 1, EXEC_PIPE, O_CLOEXEC]);
    this.#call("dup3", [ENGINE_FD + 2, EXEC_PIPE + 1, O_CLOEXEC]);
    this.#call("close_range", [ENGINE_FD + 1, SCRATCH_FD, 0]);
    const born = { jump: "monitor", store: valueOf(this.#forked) };
    const flags = bits(cloneFlags, plan.namespaces ?? []);
    if (plan.birthplace === undefined) this.#call("clone", [flags + SIGCHLD, 0, 0, 0, 0], born);
    else
      this.#call("clone3", [cloneArgs(flags, this.#fd(plan.birthplace)), SIZE_OF_CLONE_ARGS], born);
  }

  /**
   * PID 1 closes the lock with everything else that is stored, so that it is the monitor's alone. The exit file it may
   * need: see {@link #reap}.
   */
  #keep(): void {
    this.#stored.set("lock", FIRST_STORED_FD);
    this.#call("dup3", [ENGINE_FD + 2, EXIT_FD, O_CLOEXEC]);
    this.#call("dup3", [ENGINE_FD + 1, FIRST_STORED_FD, O_CLOEXEC]);
    this.#call("close_range", [ENGINE_FD + 1, SCRATCH_FD, 0]);
    this.#call("close_range", [EXEC_PIPE, FIRST_STORED_FD - 1, 0]);
    this.#call("close_range", [FIRST_STORED_FD + 1, 0xffffffff, 0]);
    if (this.#successor) for (const name of hostNamespaces) this.#keepNamespace(name);
  }

  #init(plan: Plan): void {
    plan.init.forEach((step, i) => this.#step(step, plan.monitor.length + i));
  }

  #step(step: Step, number: number): void {
    this.#current = number;
    if (step.call === "meet") this.#meet(step.at);
    else if (step.call === "reap") this.#reap();
    else if (step.call === "hold") this.#hold();
    else if (step.call === "userns") this.#userNamespace(step);
    else this.#plain(step, number);
    this.#current = undefined;
  }

  #plain(step: Exclude<Step, { call: "meet" | "reap" | "hold" | "userns" }>, number: number): void {
    const done =
      this.#narrate && step.call !== "execve" ? new Message(kinds.done, number) : undefined;
    const fields = step as unknown as Record<string, unknown>;
    const args: RawArgument[] = [];
    for (const [name, kind] of parametersOf(step.call))
      args.push(raw(lower(kind, fields[name], this.#arch, this.#fd)));
    const ignore = step.ignore && { ignore: step.ignore.map((name) => errnos[name]) };
    if (step.store) {
      // The result lands in the first argument of a dup3, which gives the descriptor a number that is known here.
      const target = FIRST_STORED_FD + this.#stored.size;
      this.#stored.set(step.store, target);
      const move: RawStep = {
        nr: syscallNumber("dup3", this.#arch),
        args: [0, target, O_CLOEXEC],
        ...(done ? { store: valueOf(done) } : {}),
      };
      this.#call(step.call, args, { ...ignore, store: argumentOf(move, 0) });
      this.#add(move);
      this.#call("close_range", [ENGINE_FD + 1, SCRATCH_FD, 0]);
    } else {
      this.#call(step.call, args, { ...ignore, ...(done && { store: valueOf(done) }) });
      // Opened only to see whether it can be: left open, it would come to lie where a later store wants to.
      if (step.call === "openat") this.#call("close_range", [ENGINE_FD + 1, SCRATCH_FD, 0]);
    }
    if (done) this.#report(done);
  }

  readonly #fd = (name: string): number => {
    const fd = this.#stored.get(name);
    if (fd === undefined) throw new Error(`plan: nothing is stored as “${name}”`);
    return fd;
  };

  #report(message: Message): void {
    this.#call("clock_gettime", [CLOCK_MONOTONIC, timeOf(message)], { ignore: "all" });
    this.#call("write", [ENGINE_FD, message, MESSAGE_SIZE], { ignore: "all" });
  }

  #meet(at: "go" | "terminal"): void {
    if (at === "terminal") {
      const message = new Message(kinds.terminal, this.#fd("terminal"));
      this.#call("write", [ENGINE_FD, message, MESSAGE_SIZE]);
    }
    this.#call("read", [ENGINE_FD, new Uint8Array(8), 1], { flags: NONZERO });
    if (this.#narrate) this.#report(new Message(kinds.done, this.#current));
  }

  /** PID 1 of a box: not dumpable for the same reason as the reaper; without the pipe, so that it counts as executed. */
  #hold(): void {
    this.#call("prctl", [PR_SET_DUMPABLE, 0, 0, 0, 0]);
    this.#call("rt_sigaction", [SIGCHLD, [SIG_IGN, 0, 0, 0], null, 8]);
    this.#call("close_range", [0, 0xffffffff, 0]);
    this.#table.label("hold");
    this.#call("ppoll", [null, 0, null, null, 0], { ignore: "all", jump: "hold" });
    this.#call("getpid", [], { jump: "hold" });
  }

  /**
   * PID 1 of `--init`. It reaps whatever ends, and after each asks with kill(child, 0) whether its own child is still
   * there; when it is not, the status just reaped was the child's. Not dumpable, so that the container cannot attach to it
   * and use its socket (ptrace(2), pidfd_getfd(2)). The monitor sees the reaper's end only, not the command's.
   */
  #reap(): void {
    const ended = new Message(kinds.ended);
    const ask: RawStep = {
      nr: syscallNumber("kill", this.#arch),
      args: [0, 0],
      ignore: [errnos.ESRCH],
      jump: "reaped",
    };
    this.#call("clone", [SIGCHLD, 0, 0, 0, 0], { jump: "reaper", store: argumentOf(ask, 0) });
    if (this.#narrate) this.#report(new Message(kinds.done, this.#current));
    this.#deferred.push(() => {
      this.#table.label("reaper");
      this.#call("prctl", [PR_SET_DUMPABLE, 0, 0, 0, 0]);
      this.#call("close_range", [0, ENGINE_FD - 1, 0]);
      this.#call("close_range", [ENGINE_FD + 1, SCRATCH_FD, 0]);
      this.#call("close_range", [this.#detached ? EXIT_FD + 1 : EXIT_FD, 0xffffffff, 0]);
      this.#table.label("reap");
      this.#call("wait4", [-1, valueOf(ended), WALL, null]);
      this.#add(ask);
      this.#call("getpid", [], { jump: "reap" });
      this.#table.label("reaped");
      this.#ended(ended);
      this.#call("exit_group", [0]);
    });
  }
  readonly #deferred: (() => void)[] = [];

  #userNamespace(step: UserNamespace & Step): void {
    const target = FIRST_STORED_FD + this.#stored.size;
    this.#stored.set(step.store ?? "", target);
    const done = this.#narrate ? new Message(kinds.done, this.#current) : undefined;
    const result = done && valueOf(done);
    const { child, parent } = userNamespaceSteps(step, { target, result, arch: this.#arch });
    for (const raw of child) this.#add(raw);
    this.#table.label("user namespace");
    for (const raw of parent) this.#add(raw);
    if (done) this.#report(done);
  }

  #failure(): void {
    this.#table.label("failed");
    this.#call("write", [ENGINE_FD, BASE, MESSAGE_SIZE], { ignore: "all" }); // the header is the message
    this.#call("exit_group", [125]);
    for (const section of this.#deferred) section();
  }

  /** The monitor's other half: it keeps nothing but the socket, and tells how PID 1 fares. */
  #wait(): void {
    const ended = new Message(kinds.ended);
    this.#table.label("monitor");
    this.#call("write", [ENGINE_FD, this.#forked, MESSAGE_SIZE], { ignore: "all" });
    this.#call("close_range", [0, ENGINE_FD - 1, 0]);
    this.#call("close", [EXEC_PIPE + 1]);
    this.#call("read", [EXEC_PIPE, new Uint8Array(8), 1]);
    this.#call("write", [ENGINE_FD, new Message(kinds.executed), MESSAGE_SIZE], { ignore: "all" });
    this.#call("wait4", [-1, valueOf(ended), WALL, null]);
    this.#ended(ended);
    if (this.#successor) this.#succeed(this.#successor);
    this.#call("exit_group", [0]);
  }

  #keepNamespace(name: string): void {
    const target = FIRST_STORED_FD + this.#stored.size;
    this.#stored.set(`host's ${name}`, target);
    const move: RawStep = {
      nr: syscallNumber("dup3", this.#arch),
      args: [0, target, O_CLOEXEC],
    };
    this.#call("openat", [AT_FDCWD, `/proc/self/ns/${name}`, O_CLOEXEC, 0], {
      store: argumentOf(move, 0),
    });
    this.#add(move);
    this.#call("close_range", [ENGINE_FD + 1, SCRATCH_FD, 0]);
  }

  /** Its lock goes by execve; signals are let in again. */
  #succeed({ argv, env }: Successor): void {
    for (const name of hostNamespaces) this.#call("setns", [this.#fd(`host's ${name}`), 0]);
    for (let fd = 0; fd < ENGINE_FD; fd++) this.#call("openat", [AT_FDCWD, "/dev/null", O_RDWR, 0]);
    this.#call("close_range", [ENGINE_FD, EXEC_PIPE + 1, 0]);
    // What was held back (SIGPIPE, of the socket) is forgotten when it is ignored (signal(7)), and meant the container.
    for (const action of [SIG_IGN, SIG_DFL])
      for (const signal of forgotten)
        this.#call("rt_sigaction", [signal, [action, 0, 0, 0], null, 8]);
    this.#call("rt_sigprocmask", [SIG_SETMASK, new Uint8Array(8), null, 8]);
    this.#call("execve", [argv[0]!, [...argv, null], [...env, null]]);
  }

  /** Where the engine is gone (`run -d`) the socket refuses, and the file remembers. What comes first counts. */
  #ended(message: Message): void {
    this.#call("write", [ENGINE_FD, message, MESSAGE_SIZE], { ignore: "all" });
    if (!this.#detached) return;
    this.#call("clock_gettime", [CLOCK_REALTIME, timeOf(message)], { ignore: "all" });
    this.#call("write", [EXIT_FD, message, MESSAGE_SIZE], { ignore: "all" });
  }

  #call(
    name: SyscallName,
    args: readonly RawArgument[],
    more: Omit<RawStep, "nr" | "args"> = {},
  ): void {
    this.#add({ nr: syscallNumber(name, this.#arch), args, ...more });
  }

  #add(step: RawStep): void {
    if (this.#current !== undefined) this.#origin.set(this.#table.steps.length, this.#current);
    this.#table.add(step);
  }
}

const SIZE_OF_CLONE_ARGS = 88;
const CLONE_INTO_CGROUP = 0x2_0000_0000;

/** struct clone_args of clone3(2), eleven words: flags first, exit_signal fifth, cgroup last. */
const cloneArgs = (flags: number, cgroup: number): RawArgument[] => [
  flags + CLONE_INTO_CGROUP,
  0,
  0,
  0,
  SIGCHLD,
  0,
  0,
  0,
  0,
  0,
  cgroup,
];

const lists = new WeakMap<readonly string[], RawArgument[]>();

/** The same list for the same strings, so that it is laid out once. */
function terminated(strings: readonly string[]): RawArgument[] {
  let list = lists.get(strings);
  if (!list) lists.set(strings, (list = [...strings, null]));
  return list;
}

/** Lists of strings end with a null pointer; a filter is struct sock_fprog: u16 length, then the address. */
function raw(value: Lowered): RawArgument {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if ("strings" in value) return terminated(value.strings);
  return [value.filter.length / 8, value.filter];
}
