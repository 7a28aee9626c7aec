import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { ContainerEvent } from "./journal.ts";

/** The journal's events; each {@link next} gives what has come since. A torn or foreign line is passed over. */
export class JournalReader implements Disposable {
  readonly #path: string;
  readonly #decoder = new TextDecoder();
  #fd: number | undefined;
  #rest = "";

  /** `from`: the beginning of the older journal, or now. */
  constructor(path: string, from: "start" | "now") {
    this.#path = path;
    this.#fd = from === "start" ? (tryOpen(`${path}.1`) ?? tryOpen(path)) : tryOpen(path);
    if (from === "now") for (const _ of this.next()); // what is there is passed over
  }

  *next(): Generator<ContainerEvent> {
    const chunk = Buffer.alloc(1 << 16);
    for (;;) {
      this.#fd ??= tryOpen(this.#path);
      if (this.#fd === undefined) return;
      const count = readSync(this.#fd, chunk, 0, chunk.length, null);
      if (count > 0) yield* this.#parse(chunk.subarray(0, count));
      else if (!this.#turnOver(this.#fd)) return;
    }
  }

  /** At a journal's end: true where there is a newer one. */
  #turnOver(fd: number): boolean {
    const newest = statSync(this.#path, { throwIfNoEntry: false });
    if (!newest || newest.ino === fstatSync(fd).ino) return false;
    this[Symbol.dispose]();
    return true;
  }

  *#parse(bytes: Uint8Array): Generator<ContainerEvent> {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const event = parse(line);
      if (event) yield event;
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function parse(line: string): ContainerEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<ContainerEvent> | null;
    const known = typeof event?.timeNano === "number" && typeof event.Action === "string";
    return known && typeof event.Actor?.ID === "string" ? (event as ContainerEvent) : undefined;
  } catch {
    return undefined; // of a writer that was killed, or a full disk
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}
