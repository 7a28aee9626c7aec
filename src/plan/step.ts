import type { Errno } from "../abi/errno.ts";
import type { CloneFlag } from "../abi/sched.ts";
import type { HostStep } from "./host-step.ts";
import type { CallName, Signatures, Values } from "./signatures.ts";

/** A system call by its man-page name, with its arguments by theirs. */
export type Call = {
  [C in CallName]: { call: C } & {
    [P in keyof Signatures[C]]: Signatures[C][P] extends keyof Values
      ? Values[Signatures[C][P]]
      : never;
  };
}[CallName];

/**
 * A meeting of PID 1 with the engine, over the descriptor that they share: `go` waits for one byte; `terminal` says that
 * a pseudo-terminal is open and waits until the engine has taken its other end.
 */
export type Meeting = { call: "meet"; at: "go" | "terminal" };

/** `--init`: PID 1 forks; the child goes on and becomes the command, PID 1 stays and reaps until the child ends. */
export type Reap = { call: "reap" };

/**
 * A box without a command of its own: PID 1 sleeps, as small as the launcher is, until it is killed; what others run in
 * its namespaces comes and goes. Orphans need no reaping where SIGCHLD is ignored (wait(2), NOTES).
 */
export type Hold = { call: "hold" };

/**
 * A user namespace with nobody in it, for whoever needs its mappings: a child is born in it (clone(2) with CLONE_NEWUSER),
 * the maps of user_namespaces(7) are written from outside, its namespace is opened, and the child ends.
 */
export type UserNamespace = { call: "userns"; uid_map: string; gid_map: string };

/** Stored descriptors are moved to numbers from here up, so that a later step can name its own as a constant. */
export const FIRST_STORED_FD = 10;

/** One step of a birth: a call, and why it is there. */
export type Step = (Call | Meeting | Reap | Hold | UserNamespace) & {
  /** One line for a reader who has never seen the call. Consecutive steps with the same line belong together. */
  why: string;
  /** Error names after which the birth goes on. */
  ignore?: readonly Errno[];
  /** The name under which later steps find the descriptor that this call returns. */
  store?: string;
};

/**
 * A container's birth, as data: printed by --dry-run, narrated by --explain, done by the executors in `launch/`.
 * The engine prepares the host, starts the monitor, prepares the host for the new process, lets it go.
 */
export type Plan = {
  /** Done by the engine before there is a process. */
  before: HostStep[];
  /** Done by the monitor, before it forks PID 1. */
  monitor: Step[];
  /**
   * PID 1 is born in new namespaces of these kinds (clone(2)): with a user namespace, which owns the others, there is no
   * other way, as the monitor has to stay outside of it.
   */
  namespaces?: readonly CloneFlag[];
  /** The control group in which PID 1 is born: the name under which a step of the monitor has stored it. */
  birthplace?: string;
  /** Done by the engine while PID 1 waits: `$PID` is known now. */
  birth: HostStep[];
  /** Done by PID 1; the last one is the command's execve. */
  init: Step[];
};

const composite = ["meet", "reap", "hold", "userns"] as const;

/** True for a step that is one system call; the others are the executors' own to do. */
export const isCall = (step: Step): step is Call & Step =>
  !(composite as readonly string[]).includes(step.call);
