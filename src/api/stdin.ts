/** What can be given to a command's standard input. */
export type Input =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>;
type Chunk = string | ArrayBuffer | ArrayBufferView;

/** Where the bytes go: a pipe, or a terminal. */
export type Sink = { write(data: Chunk): Promise<void>; end(): Promise<void> };

export const pipeSink = (sink: Bun.FileSink): Sink => ({
  async write(data) {
    sink.write(data as string);
    await sink.flush();
  },
  async end() {
    await sink.end();
  },
});

/** The command's standard input, with `stdin: "pipe"` or a terminal. What is written after the command has ended is lost without a word. */
export class Stdin {
  readonly #sink: Promise<Sink | undefined>;
  #open = true;

  /** @internal */
  constructor(sink: Promise<Sink | undefined>) {
    this.#sink = sink;
    this.#sink.catch(() => undefined); // a start that fails is told by the run
  }

  /** Fulfilled when the pipe has taken it, as the command may be slow to read; false where nobody reads any more. */
  async write(data: Chunk): Promise<boolean> {
    return await this.#do((sink) => sink.write(data));
  }

  /** The command reads the end of the file. */
  async end(): Promise<void> {
    await this.#do(async (sink) => {
      this.#open = false;
      await sink.end();
    });
  }

  async #do(write: (sink: Sink) => Promise<void>): Promise<boolean> {
    const sink = await this.#sink;
    if (!sink || !this.#open) return false;
    try {
      await write(sink);
      return true;
    } catch (error) {
      // A command need not read its input.
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      this.#open = false;
      return false;
    }
  }
}

/** Writes all of `input` as fast as it is read, then the end. Stops where nobody reads. */
export async function feed(stdin: Stdin, input: Input): Promise<void> {
  try {
    for await (const chunk of chunksOf(input)) if (!(await stdin.write(chunk))) return;
  } finally {
    await stdin.end();
  }
}

async function* chunksOf(input: Input): AsyncGenerator<Chunk, void, undefined> {
  if (input instanceof Blob) yield* input.stream();
  else if (typeof input === "object" && Symbol.asyncIterator in input) yield* input;
  else yield input;
}
