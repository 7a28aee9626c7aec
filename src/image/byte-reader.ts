import { damaged } from "./damaged.ts";

const EMPTY: Uint8Array = new Uint8Array(0);

/** Reads exact amounts from chunks of any size; what it hands out may share memory with the chunks. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk = EMPTY;
  #ended = false;
  #position = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** How many bytes were handed out. */
  get position(): number {
    return this.#position;
  }

  /** Exactly `size` bytes; undefined at the end of the input. */
  async read(size: number): Promise<Uint8Array | undefined> {
    if (this.#chunk.length < size) {
      if (!(await this.#fill())) return undefined;
      if (this.#chunk.length < size) return await this.#gather(size);
    }
    return this.#take(size);
  }

  /** The next `size` bytes in pieces as they come. */
  async *pieces(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0;) {
      if (!(await this.#fill())) throw cutShort();
      const piece = this.#take(Math.min(left, this.#chunk.length));
      left -= piece.length;
      yield piece;
    }
  }

  /** `orEnd`: the input may end before. */
  async skip(size: number, orEnd = false): Promise<void> {
    for (let left = size; left > 0;) {
      if (!(await this.#fill())) {
        if (orEnd) return;
        throw cutShort();
      }
      left -= this.#take(Math.min(left, this.#chunk.length)).length;
    }
  }

  /** Reads to the end, so that a decompressor has seen its checksum. */
  async drain(): Promise<void> {
    while (await this.#fill()) this.#chunk = EMPTY;
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#chunks.return?.();
  }

  async #gather(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let filled = 0;
    for await (const piece of this.pieces(size)) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }

  #take(size: number): Uint8Array {
    const bytes = this.#chunk.subarray(0, size);
    this.#chunk = this.#chunk.subarray(size);
    this.#position += size;
    return bytes;
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0 && !this.#ended) {
      const next = await this.#chunks.next();
      this.#ended = next.done === true;
      if (!next.done) this.#chunk = next.value;
    }
    return this.#chunk.length > 0;
  }
}

const cutShort = () => damaged("the archive is cut short");
