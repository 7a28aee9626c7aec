import { KontenerError } from "../abi/error.ts";

const FREE = 1 << 30;
const MOST = 500; // gzip reaches 1032 with zeros; program code and text 2 to 10

/**
 * What a layer may unpack to. A few kilobytes of gzip that fill a disk are an attack and nothing else, so beyond 1 GB an
 * archive may not be more than 500 times as large as what was downloaded.
 */
export const limitOf = (compressed: number): number => Math.max(FREE, MOST * compressed);

/** Passes chunks through, hashed; `limit` bytes at most. */
export class Measured implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #limit: number;
  readonly #hash = new Bun.CryptoHasher("sha256");
  #size = 0;

  constructor(source: AsyncIterable<Uint8Array>, limit: number) {
    this.#source = source;
    this.#limit = limit;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#size += chunk.length;
      if (this.#size > this.#limit)
        throw new KontenerError(
          `a layer unpacks to more than ${Math.round(this.#limit / 1e6)} MB: it looks like a decompression bomb`,
          { code: "IMAGE", hint: "nothing of it is kept" },
        );
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  /** Once, at the end. */
  digest(): string {
    return `sha256:${this.#hash.digest("hex")}`;
  }
}
