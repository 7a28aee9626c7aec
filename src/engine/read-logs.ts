import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { fileName, FRAME, MARK, PIECE } from "../launch/logger.ts";
import { logFile, streamNames, type StreamName } from "./logs.ts";
import type { LogSettings } from "./record.ts";

/** A line as the container printed it, its newline included; a long one, or the last, may be without. */
export type Line = { time: Date; stream: StreamName; bytes: Uint8Array };

type Piece = { time: number; bytes: Uint8Array };

/** Cuts a log into pieces; what a logger that was killed left half-written is passed over. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  *read(chunk: Uint8Array): Generator<Piece> {
    let bytes = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      if (bytes.length < FRAME) break;
      const length = Number(view.getBigUint64(8, true));
      if (Number(view.getBigUint64(0, true)) !== MARK || length > PIECE) {
        bytes = bytes.subarray(nextMark(bytes));
        continue;
      }
      if (bytes.length < FRAME + length) break;
      const nanoseconds = Number(view.getBigInt64(24, true));
      const time = Number(view.getBigInt64(16, true)) * 1000 + nanoseconds / 1e6;
      yield { time, bytes: bytes.subarray(FRAME, FRAME + length) };
      bytes = bytes.subarray(FRAME + length);
    }
    this.#rest = new Uint8Array(bytes); // a copy, which slice() of a Buffer is not
  }
}

const markBytes = new Uint8Array(BigUint64Array.of(BigInt(MARK)).buffer);

/** Where the next frame may begin, behind the first byte. */
function nextMark(bytes: Uint8Array): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(markBytes, 1);
  return at < 0 ? Math.max(1, bytes.length - markBytes.length + 1) : at;
}

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

/** One stream's log, from its oldest file on; each {@link next} gives what has come since. */
class StreamReader implements Disposable {
  readonly #path: string;
  readonly #frames = new FrameReader();
  readonly #lines: LineReader;
  readonly #older: string[];
  #fd: number | undefined;
  #position = 0;

  constructor(settings: LogSettings, stream: StreamName) {
    this.#path = logFile(settings, stream);
    this.#lines = new LineReader(stream);
    const ages = Array.from({ length: settings.maxFiles - 1 }, (_, i) => i + 1).toReversed();
    this.#older = ages.map((age) => fileName(this.#path, age)).filter((file) => existsSync(file));
  }

  *next(isLast: boolean): Generator<Line> {
    for (const file of this.#older.splice(0)) yield* this.#parse(readFileSync(file));
    const chunk = Buffer.alloc(1 << 16);
    for (;;) {
      this.#fd ??= this.#open();
      if (this.#fd === undefined) break;
      const count = readSync(this.#fd, chunk, 0, chunk.length, this.#position);
      if (count > 0) {
        this.#position += count;
        yield* this.#parse(chunk.subarray(0, count));
      } else if (!this.#turnOver()) break;
    }
    if (isLast) yield* this.#lines.rest();
  }

  /** At a file's end: true where it has been rotated or emptied since, so that there may be more. */
  #turnOver(): boolean {
    const now = statSync(this.#path, { throwIfNoEntry: false });
    const mine = fstatSync(this.#fd!);
    if (!now || (now.ino === mine.ino && mine.size >= this.#position)) return false;
    this[Symbol.dispose]();
    this.#position = 0;
    return true;
  }

  *#parse(chunk: Uint8Array): Generator<Line> {
    for (const piece of this.#frames.read(chunk)) yield* this.#lines.read(piece);
  }

  #open(): number | undefined {
    try {
      return openSync(this.#path, "r");
    } catch {
      return undefined; // nothing printed yet
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
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
