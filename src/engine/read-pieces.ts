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
import { logFile, type StreamName } from "./logs.ts";
import type { LogSettings } from "./record.ts";

/** What a logger has read at once; milliseconds since 1970. */
export type Piece = { time: number; bytes: Uint8Array };

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

/** One stream's log, from its oldest file on, or from now on; each {@link next} gives what has come since. */
export class PieceReader implements Disposable {
  readonly #path: string;
  readonly #frames = new FrameReader();
  readonly #older: string[];
  #fd: number | undefined;
  #position = 0;

  constructor(settings: LogSettings, stream: StreamName, from: "start" | "now" = "start") {
    this.#path = logFile(settings, stream);
    const ages = Array.from({ length: settings.maxFiles - 1 }, (_, i) => i + 1).toReversed();
    const older = ages.map((age) => fileName(this.#path, age)).filter((file) => existsSync(file));
    this.#older = from === "now" ? [] : older;
    if (from === "start") return;
    this.#fd = this.#open();
    if (this.#fd !== undefined) this.#position = fstatSync(this.#fd).size;
  }

  *next(): Generator<Piece> {
    for (const file of this.#older.splice(0)) yield* this.#frames.read(readFileSync(file));
    const chunk = Buffer.alloc(1 << 16);
    for (;;) {
      this.#fd ??= this.#open();
      if (this.#fd === undefined) break;
      const count = readSync(this.#fd, chunk, 0, chunk.length, this.#position);
      if (count > 0) {
        this.#position += count;
        yield* this.#frames.read(chunk.subarray(0, count));
      } else if (!this.#turnOver()) break;
    }
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
