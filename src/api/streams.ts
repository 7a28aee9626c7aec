type Bytes = Uint8Array<ArrayBuffer>;
export type ByteStream = ReadableStream<Bytes>;

/** A stream that is there at once, of one that is there once the command's monitor is. Reads nothing ahead. */
export function laterStream(source: Promise<ByteStream>): ByteStream {
  let opened: Promise<AsyncIterator<Bytes>> | undefined;
  const chunks = () => (opened ??= source.then((stream) => stream[Symbol.asyncIterator]()));
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const { done, value } = await (await chunks()).next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await (await chunks()).return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The first `limit` bytes of a stream; at the next one `full` is called, and what follows is thrown away. */
export async function capture(
  stream: ByteStream,
  limit: number,
  full: () => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (size < limit) chunks.push(chunk.subarray(0, limit - size));
    size += chunk.length;
    if (size > limit) full();
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Lines as they come, without their ends; a last one without an end counts too. */
export async function* splitLines(stream: ByteStream): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
