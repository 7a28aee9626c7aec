import type { TransferEvent } from "../image/content.ts";
import { Mismatch } from "./digests.ts";

/** Bytes that whoever reads them may stop reading: they arrive all the same, to be verified at their end. */
export class Arrival implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  /** Why they stopped coming: what fails otherwise is what they mean. */
  failure: unknown;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#source.next();
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() };
  }

  async toTheEnd(): Promise<void> {
    await drain(this).catch(() => undefined); // see `failure`
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

/** Bytes that are not what was asked for may have changed on their way: they are asked for once more, all of them. */
export async function onceMore<T>(
  digest: string,
  { onEvent }: { onEvent(event: TransferEvent): void },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    onEvent({ type: "retry", digest, reason: error.message });
    return await work();
  }
}

export async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}
