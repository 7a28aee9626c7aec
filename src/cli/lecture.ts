import { errnoName } from "../abi/errno.ts";
import type { Chapter, Side } from "../plan/chapters.ts";
import { argumentTexts, formatStep, isHostStep } from "../plan/format.ts";
import type { Listener, Told } from "../plan/narrate.ts";
import { plainPaint, type Paint } from "./paint.ts";

const WIDTH = 100;
/** Where calls and words begin: after the side and the time. */
const MARGIN = 18;
const CUT = 60;
const sides: Record<Side, string> = { host: "host", monitor: "monitor", pid1: "PID 1" };

/** `--explain`: the birth as a lecture, for people. Steps of the same call for the same reason are told once. */
export class TextListener implements Listener {
  readonly #write: (text: string) => void;
  readonly #paint: Paint;
  #first: Told | undefined;
  #like: Told[] = [];
  #microseconds = 0;

  constructor(write: (text: string) => void, paint: Paint = plainPaint) {
    this.#write = write;
    this.#paint = paint;
  }

  chapter({ title, text }: Chapter): void {
    this.flush();
    this.#first = undefined;
    const rule = "─".repeat(WIDTH - title.length - 4);
    this.#write(`\n${this.#paint.title(`── ${title} ${rule}`)}\n`);
    for (const line of wrap(text, WIDTH - 6)) this.#write(`   ${line}\n`);
    this.#write("\n");
  }

  step(told: Told): void {
    const first = this.#first;
    this.#microseconds += told.microseconds ?? 0;
    const same = first?.step.call === told.step.call && first.step.why === told.step.why;
    // What the command runs as is worth its own line, after all the places where it was not.
    if (same && told.side === first.side && !isLast(told)) {
      this.#like.push(told);
      return;
    }
    this.flush();
    this.#print(told, first?.step.why === told.step.why);
    this.#first = told;
  }

  done(pid: number, steps: number): void {
    this.flush();
    const time = duration(this.#microseconds);
    const text = `The command runs, as process ${pid} of the host. ${steps} steps, ${time}.`;
    this.#write(`\n${this.#paint.title(text)}\n\n`);
  }

  /** Something that is no step. */
  event(text: string): void {
    this.flush();
    for (const line of wrap(text, WIDTH - 6)) this.#write(`   ${line}\n`);
  }

  /** Ends what is being gathered. */
  flush(): void {
    const [first, like] = [this.#first, this.#like];
    if (!first || !like.length) return;
    this.#like = [];
    const time = like.reduce((sum, { microseconds = 0 }) => sum + microseconds, 0);
    const names = like.map((told) => difference(first, told)).filter(Boolean);
    const harmless = new Set(like.flatMap((told) => errorOf(told) ?? []));
    const text = [
      `… and ${like.length} more like it`,
      names.length ? `: ${names.join(", ")}` : "",
      harmless.size ? ` (where ${[...harmless].join(" or ")}: no harm)` : "",
    ].join("");
    this.#lines(first.side, time, wrap(text, WIDTH - MARGIN), this.#paint.quiet);
  }

  #print({ side, step, result, microseconds, shell }: Told, sameReason: boolean): void {
    const { call, quiet, shell: command } = this.#paint;
    const text = formatStep(step, { cut: CUT }) + resultText(step.call, result);
    this.#lines(side, microseconds, wrap(text, WIDTH - MARGIN), call);
    const indent = " ".repeat(MARGIN);
    if (!sameReason)
      for (const line of wrap(step.why, WIDTH - MARGIN)) this.#write(`${indent}${line}\n`);
    if (shell === undefined) return;
    wrap(shell, WIDTH - MARGIN - 4).forEach((line, i, all) => {
      const end = i < all.length - 1 ? " \\" : "";
      this.#write(`${indent}${quiet(i ? " " : "$")} ${command(line + end)}\n`);
    });
  }

  /** Lines with side and time in front of the first. */
  #lines(
    side: Side,
    microseconds: number | undefined,
    lines: readonly string[],
    paint: Paint["call"],
  ): void {
    const time = microseconds === undefined ? "" : duration(microseconds);
    const head = `${this.#paint[side](sides[side].padEnd(7))} ${this.#paint.quiet(time.padStart(8))}  `;
    lines.forEach((line, i) => this.#write(`${i ? " ".repeat(MARGIN) : head}${paint(line)}\n`));
  }
}

/** The execve that made it. */
const isLast = ({ step, result }: Told): boolean => step.call === "execve" && result === 0;

const errorOf = ({ result = 0 }: Told): string | undefined =>
  result < 0 ? errnoName(-result) : undefined;

function resultText(call: string, result: number | undefined): string {
  if (result === undefined || call === "meet" || (call === "execve" && result === 0)) return "";
  return result < 0 ? ` = -1 ${errnoName(-result)} (no harm)` : ` = ${result}`;
}

/** What is different about a step that is like another: its first argument that is not the same. */
function difference({ step: a }: Told, { step: b }: Told): string {
  if (isHostStep(a) || isHostStep(b)) return "path" in b ? `${b.path}` : "";
  const [before, after] = [argumentTexts(a), argumentTexts(b)];
  const text = after.find((argument, i) => argument.text !== before[i]?.text)?.text ?? "";
  return text.replace(/^"|"$/g, "");
}

const duration = (microseconds: number): string =>
  microseconds < 1000
    ? `${Math.round(microseconds)} µs`
    : `${(microseconds / 1000).toFixed(microseconds < 100_000 ? 1 : 0)} ms`;

/** Breaks at spaces, and words that are longer than a line anywhere. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line ? `${line} ${word}` : word;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}
