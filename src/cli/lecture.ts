import { errnoName } from "../abi/errno.ts";
import type { Chapter, Side } from "../plan/chapters.ts";
import { argumentTexts, formatStep, isHostStep } from "../plan/format.ts";
import type { Listener, Told } from "../plan/narrate.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { Step } from "../plan/step.ts";
import { plainPaint, type Paint } from "./paint.ts";
import { shellTokens, wrap } from "./wrap.ts";

const WIDTH = 100;
/** Where calls and words begin: after the side and the time. */
const MARGIN = 18;
/** Strings are cut to this length: what matters of a long option string is its beginning. */
const CUT = 60;
const sides: Record<Side, string> = { host: "host", monitor: "monitor", pid1: "PID 1" };

/**
 * `--explain`: the birth as a lecture, for people. Of steps with the same call and reason the first is told, the others are
 * gathered in a line; a reason is given once a chapter.
 */
export class Lecture implements Listener {
  readonly #write: (line: string) => void;
  readonly #paint: Paint;
  readonly #reasons = new Set<string>();
  #first: Told | undefined;
  #like: Told[] = [];
  #microseconds = 0;

  constructor(write: (line: string) => void, paint: Paint = plainPaint) {
    this.#write = write;
    this.#paint = paint;
  }

  chapter({ title, text }: Chapter): void {
    this.flush();
    this.#first = undefined;
    this.#reasons.clear();
    const rule = "─".repeat(WIDTH - title.length - 4);
    this.#write("");
    this.#write(this.#paint.title(`── ${title} ${rule}`));
    this.event(text);
    this.#write("");
  }

  forked(pid: number): void {
    this.#lines("monitor", undefined, [`fork() = ${pid}`], this.#paint.call);
  }

  step(told: Told): void {
    if (told.step.call !== "meet") this.#microseconds += told.microseconds ?? 0;
    const first = this.#first;
    if (first && isLike(first, told)) {
      this.#like.push(told);
      return;
    }
    this.flush();
    this.#print(told);
    this.#first = told;
  }

  executed(pid: number, steps: number): void {
    this.flush();
    const time = duration(this.#microseconds);
    this.#write("");
    this.#write(
      this.#paint.title(
        `The command runs, as process ${pid} of the host, after ${steps} steps in ${time}.`,
      ),
    );
    this.#write("");
  }

  /** Words that belong to no step. */
  event(text: string): void {
    this.flush();
    for (const line of wrap(text.split(" "), WIDTH - 6)) this.#write(`   ${line}`);
  }

  /** Says what has been gathered. */
  flush(): void {
    const [first, like] = [this.#first, this.#like];
    if (!first || !like.length) return;
    this.#like = [];
    const time = like.reduce((sum, { microseconds = 0 }) => sum + microseconds, 0);
    const names = new Set(like.map(({ step }) => subject(step, first.step)));
    names.delete(subject(first.step, first.step));
    names.delete("");
    const errors = new Set(
      like.flatMap(({ result = 0 }) => (result < 0 ? errnoName(-result) : [])),
    );
    const list = names.size ? `: ${[...names].join(", ")}` : "";
    const harmless = errors.size ? ` (${[...errors].join(", ")}: no harm)` : "";
    const text = `… and ${like.length} more like it${list}${harmless}`;
    this.#lines(first.side, time, wrap(text.split(" "), WIDTH - MARGIN), this.#paint.quiet);
  }

  #print({ side, step, result, microseconds, shell }: Told): void {
    const { call, quiet, shell: command } = this.#paint;
    const text = formatStep(step, { cut: CUT }) + resultText(step, result);
    const pieces = text.split(/(?<=,) /); // between arguments
    this.#lines(side, microseconds, wrap(pieces, WIDTH - MARGIN), call);
    const indent = " ".repeat(MARGIN);
    if (!this.#reasons.has(step.why))
      for (const line of wrap(step.why.split(" "), WIDTH - MARGIN)) this.#write(indent + line);
    this.#reasons.add(step.why);
    if (shell === undefined) return;
    wrap(shellTokens(shell), WIDTH - MARGIN - 4).forEach((line, i, all) => {
      const end = i < all.length - 1 ? " \\" : "";
      this.#write(`${indent}${quiet(i ? " " : "$")} ${command(line + end)}`);
    });
  }

  /** Lines with side and time in front of the first. */
  #lines(
    side: Side,
    microseconds: number | undefined,
    lines: readonly string[],
    paint: (text: string) => string,
  ): void {
    const time = microseconds === undefined ? "" : duration(microseconds);
    const who = this.#paint[side](sides[side].padEnd(7));
    const head = `${who} ${this.#paint.quiet(time.padStart(8))}  `;
    lines.forEach((line, i) => this.#write((i ? " ".repeat(MARGIN) : head) + paint(line)));
  }
}

/** Lines for one file belong together; the execve that succeeds is no repetition of those that found nothing. */
const isLike = (first: Told, { side, step, result }: Told): boolean =>
  first.side === side &&
  first.step.call === step.call &&
  (first.step.why === step.why || isOneFile(first.step, step)) &&
  !(step.call === "execve" && result === 0);

const isOneFile = (a: Step | HostStep, b: Step | HostStep): boolean =>
  "text" in a && "text" in b && a.path === b.path;

/** Nothing returns from a meeting, nor from an execve that succeeds. */
function resultText({ call }: Step | HostStep, result: number | undefined): string {
  if (result === undefined || call === "meet" || (call === "execve" && result === 0)) return "";
  return result < 0 ? ` = -1 ${errnoName(-result)} (no harm)` : ` = ${result}`;
}

/** What a step is about, among others like the first: its path, else the argument that differs. */
function subject(step: Step | HostStep, first: Step | HostStep): string {
  if (isHostStep(step) || isHostStep(first)) {
    if (isOneFile(step, first)) return "text" in step ? `${step.text}` : "";
    return "path" in step ? `${step.path}` : "";
  }
  const [texts, others] = [argumentTexts(step), argumentTexts(first)];
  const path = texts.find(
    ({ name }) => /^(linkpath|pathname|target)$/.test(name) && !isLinkTarget(step, name),
  );
  const differing = texts.find(({ text }, i) => text !== others[i]?.text);
  return (path ?? differing)?.text.replace(/^"|"$/g, "") ?? "";
}

const isLinkTarget = (step: Step, name: string): boolean =>
  step.call === "symlinkat" && name === "target";

const duration = (microseconds: number): string =>
  microseconds < 1000
    ? `${Math.round(microseconds)} µs`
    : `${(microseconds / 1000).toFixed(microseconds < 100_000 ? 1 : 0)} ms`;
