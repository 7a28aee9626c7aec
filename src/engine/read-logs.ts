import { PIECE } from "../launch/logger.ts";
import { streamNames, type StreamName } from "./logs.ts";
import { PieceReader, type Piece } from "./read-pieces.ts";
import type { LogSettings } from "./record.ts";

/** A line as the container printed it, its newline included; a long one, or the last, may be without. */
export type Line = { time: Date; stream: StreamName; bytes: Uint8Array };

const NEWLINE = 10;

/** Puts pieces together to lines; a line's time is that of its first piece. */
class LineReader {
  #start: number | undefined;
  #parts: Uint8Array[] = [];
  #size = 0;
  readonly #stream: StreamName;

  constructor(stream: StreamName) {
    this.#stream = stream;
  }

  *read({ time, bytes }: Piece): Generator<Line> {
    for (let at = 0; at < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline < 0 ? bytes.length : newline + 1;
      this.#start ??= time;
      this.#parts.push(new Uint8Array(bytes.subarray(at, end)));
      this.#size += end - at;
      if (newline >= 0 || this.#size >= PIECE) yield* this.rest();
      at = end;
    }
  }

  /** What has no newline. */
  *rest(): Generator<Line> {
    if (this.#start === undefined) return;
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    yield { time: new Date(this.#start), stream: this.#stream, bytes };
    this.#start = undefined;
    this.#parts = [];
    this.#size = 0;
  }
}

class StreamReader implements Disposable {
  readonly #pieces: PieceReader;
  readonly #lines: LineReader;

  constructor(settings: LogSettings, stream: StreamName) {
    this.#pieces = new PieceReader(settings, stream);
    this.#lines = new LineReader(stream);
  }

  *next(isLast: boolean): Generator<Line> {
    for (const piece of this.#pieces.next()) yield* this.#lines.read(piece);
    if (isLast) yield* this.#lines.rest();
  }

  [Symbol.dispose](): void {
    this.#pieces[Symbol.dispose]();
  }
}

/** A container's output, in the order of time as far as it is there. */
export class LogReader implements Disposable {
  readonly #streams: StreamReader[];

  constructor(settings: LogSettings) {
    this.#streams = streamNames.map((stream) => new StreamReader(settings, stream));
  }

  /** What has come since the last time; `isLast` gives what has no newline as well. */
  next(isLast: boolean): Line[] {
    const lines = this.#streams.flatMap((stream) => [...stream.next(isLast)]);
    return lines.sort((a, b) => a.time.getTime() - b.time.getTime());
  }

  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream[Symbol.dispose]();
  }
}
