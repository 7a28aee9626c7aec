import { errnoName } from "../abi/errno.ts";
import { callArguments, formatStep, isHostStep } from "../plan/format.ts";
import { Narration, type Listener, type Told } from "../plan/narrate.ts";
import { TextListener } from "./lecture.ts";
import { paintFor } from "./paint.ts";

/** What `--explain` writes to: standard error. */
export type Stream = { isTTY?: boolean; write(text: string): unknown };

/** A narration that also takes remarks, and has to be told when a birth has failed, to finish its sentence. */
export class Narrator extends Narration {
  readonly event: (text: string) => void;
  readonly end: () => void;
  constructor(listener: Listener, event: (text: string) => void, end: () => void) {
    super(listener);
    this.event = event;
    this.end = end;
  }
}

/**
 * `--explain` and `--explain=json`: listens to a birth as the engine's observer and narrates it while it happens. The
 * methods may be taken off and handed on.
 */
export async function openNarrator(
  format: "text" | "json",
  stream: Stream = process.stderr,
): Promise<Narrator> {
  // A terminal in raw mode, which the container's own may set, does not add the carriage return.
  const write = (text: string) => {
    stream.write(stream.isTTY ? text.replaceAll("\n", "\r\n") : text);
  };
  if (format === "json") {
    return new Narrator(
      new JsonListener(write),
      (text) => write(`${JSON.stringify({ event: text })}\n`),
      () => {},
    );
  }
  const text = new TextListener(write, await paintFor(stream));
  return new Narrator(
    text,
    (line) => text.event(line),
    () => text.flush(),
  );
}

/** `--explain=json`: an object a line for each step, and nothing else. */
export class JsonListener implements Listener {
  readonly #write: (text: string) => void;
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  chapter(): void {}
  done(): void {}

  step({ side, number, step, result, microseconds, shell }: Told): void {
    const failed = result !== undefined && result < 0;
    const line = {
      side,
      number,
      call: step.call === "netlink" ? step.request.type : step.call,
      args: isHostStep(step) ? formatStep(step).replace(/^\w+\(|\)$/g, "") : callArguments(step),
      why: step.why,
      shell,
      result: failed ? -1 : result,
      errno: failed ? errnoName(-result) : undefined,
      microseconds: microseconds === undefined ? undefined : Math.round(10 * microseconds) / 10,
    };
    this.#write(`${JSON.stringify(line)}\n`);
  }
}
