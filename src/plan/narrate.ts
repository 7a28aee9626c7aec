import { chapterAt, chapters, type Chapter, type Moment, type Side } from "./chapters.ts";
import type { HostStep } from "./host-step.ts";
import { shellOf } from "./shell.ts";
import type { Plan, Step } from "./step.ts";

/** A step that has happened. */
export type Told = {
  side: Side;
  /** Counted through the whole birth, from 1. */
  number: number;
  step: Step | HostStep;
  /** What the call returned; -errno after an error that the plan lets pass. Unknown where nobody could report it. */
  result: number | undefined;
  /** From the end of the step before in the same process, so the report of that one is in it (a few µs). */
  microseconds: number | undefined;
  /** The shell command that does the same. */
  shell: string | undefined;
};

/** What a listener hears, in order. */
export type Listener = {
  chapter(chapter: Chapter): void;
  step(told: Told): void;
  /** The monitor has forked; `pid` as the host sees it. The fork counts as a step. */
  forked(pid: number, number: number): void;
  /** The command runs. */
  executed(pid: number, steps: number): void;
};

/** The fork belongs to the executors and is in no plan. */
export const FORK_REASON = "the child is PID 1 of the container, the parent waits for it";

/**
 * Follows a birth and tells it: which chapter has begun, what was done, how long it took. It is told of steps by the engine
 * and the executor, in the order in which they happen.
 */
export class Narration {
  readonly #listener: Listener;
  readonly #opened = new Map<string, Step>();
  #plan: Plan | undefined;
  #chapter = -1;
  #count = 0;
  /** When the process that speaks last did a step (CLOCK_MONOTONIC). */
  #clock: number | undefined;
  #pid: number | undefined;
  /** What PID 1 has reported before the monitor had told of its birth: clone(2) may return to the child first. */
  readonly #early: [step: Step, result: number, nanoseconds: number][] = [];
  /** How much of the plan's `init` has been told. */
  #position = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  planned(plan: Plan): void {
    this.#plan = plan;
  }

  host(step: HostStep, result: number, milliseconds: number): void {
    this.#tell("host", step, result, milliseconds * 1000);
  }

  /** The monitor has forked. */
  born(pid: number): void {
    this.#pid = pid;
    this.#enter({ side: "monitor", step: { call: "fork", ownPids: this.#ownPids() } });
    this.#listener.forked(pid, ++this.#count);
    for (const told of this.#early) this.child(...told);
  }

  /** `nanoseconds`: when the step was done, by the clock that never jumps. */
  child(step: Step, result: number, nanoseconds: number): void {
    if (this.#pid === undefined && !this.#plan?.monitor.includes(step)) {
      this.#early.push([step, result, nanoseconds]);
      return;
    }
    const microseconds = this.#clock === undefined ? undefined : (nanoseconds - this.#clock) / 1000;
    this.#clock = nanoseconds;
    if (this.#pid === undefined) {
      this.#tell("monitor", step, result, microseconds);
      return;
    }
    const steps = this.#plan?.init ?? [];
    const at = steps.indexOf(step, this.#position);
    if (at >= 0) {
      this.#silent(steps.slice(this.#position, at));
      this.#position = at + 1;
    }
    this.#tell("pid1", step, result, microseconds);
  }

  /** execve has succeeded: nobody was left to report it, so it is told here. */
  executed(): void {
    const rest = this.#plan?.init.slice(this.#position) ?? [];
    const at = rest.findIndex((step) => step.call === "execve");
    if (at >= 0) {
      this.#silent(rest.slice(0, at));
      this.#tell("pid1", rest[at]!, 0, undefined);
    }
    this.#listener.executed(this.#pid ?? 0, this.#count);
  }

  /** Steps that the executor does not report: --init's fork, which has two ends. */
  #silent(steps: readonly Step[]): void {
    for (const step of steps) this.#tell("pid1", step, undefined, undefined);
  }

  #tell(
    side: Side,
    step: Step | HostStep,
    result: number | undefined,
    microseconds: number | undefined,
  ): void {
    this.#enter({ side, step });
    this.#count++;
    const shell = shellOf(step, this.#opened);
    if ("store" in step && step.store) this.#opened.set(step.store, step);
    this.#listener.step({ side, number: this.#count, step, result, microseconds, shell });
  }

  #enter(moment: Moment): void {
    const next = chapterAt(this.#chapter, moment);
    if (next !== this.#chapter) this.#listener.chapter(chapters[next]!);
    this.#chapter = next;
  }

  #ownPids(): boolean {
    if (this.#plan?.namespaces?.includes("CLONE_NEWPID")) return true;
    return !!this.#plan?.monitor.some(
      (step) =>
        (step.call === "unshare" && step.flags.includes("CLONE_NEWPID")) ||
        (step.call === "setns" && step.nstype.includes("CLONE_NEWPID")),
    );
  }
}
