import { errnoName } from "../abi/errno.ts";
import { callArguments, formatStep, isHostStep } from "../plan/format.ts";
import { FORK_REASON, Narration, type Listener, type Told } from "../plan/narrate.ts";
import { Lecture } from "./lecture.ts";
import { paintFor } from "./paint.ts";
import { writeError } from "./stderr.ts";
import { isTerminal } from "./terminal.ts";

/** A narration, the remarks that it takes, and its end: a birth that fails stops in the middle of a sentence. */
export type Narrator = { narration: Narration; event(text: string): void; end(): void };

/** `--explain` and `--explain=json`, on standard error: give `narration` to the engine as its observer. */
export async function openNarrator(format: "text" | "json"): Promise<Narrator> {
  if (format === "json") {
    const json = new JsonLines((line) => writeError(`${line}\n`));
    return { narration: new Narration(json), event: (text) => json.event(text), end: () => {} };
  }
  // A terminal in raw mode, which that of `-t` is, does not add the carriage return.
  const ending = isTerminal(2) ? "\r\n" : "\n";
  const lecture = new Lecture((line) => writeError(line + ending), await paintFor(2));
  return {
    narration: new Narration(lecture),
    event: (text) => lecture.event(text),
    end: () => lecture.flush(),
  };
}

/** `--explain=json`: an object a line for each step, and one for what is no step (`{"event": …}`). */
export class JsonLines implements Listener {
  readonly #write: (line: string) => void;
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  chapter(): void {}

  step({ side, number, step, result, microseconds, shell }: Told): void {
    const failed = result !== undefined && result < 0;
    const text = formatStep(step);
    this.#line({
      side,
      number,
      call: step.call === "netlink" ? step.request.type : step.call,
      args: isHostStep(step) ? text.slice(text.indexOf("(") + 1, -1) : callArguments(step),
      why: step.why,
      shell,
      result: failed ? -1 : result,
      errno: failed ? errnoName(-result) : undefined,
      microseconds: microseconds === undefined ? undefined : Math.round(10 * microseconds) / 10,
    });
  }

  forked(pid: number, number: number): void {
    this.#line({ side: "monitor", number, call: "fork", args: "", why: FORK_REASON, result: pid });
  }

  executed(): void {
    this.event("executed");
  }

  event(text: string): void {
    this.#line({ event: text });
  }

  #line(value: object): void {
    this.#write(JSON.stringify(value));
  }
}
