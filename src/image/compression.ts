import { open } from "node:fs/promises";
import { KontenerError } from "../abi/error.ts";
import { damaged } from "./damaged.ts";

type Format = { name: string; magic: number[]; read: (path: string) => AsyncIterable<Uint8Array> };

/** Told apart by their first bytes: names lie. */
const formats: Format[] = [
  { name: "gzip", magic: [0x1f, 0x8b], read: (path) => throughBun(path, "gzip") },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], read: (path) => throughBun(path, "zstd") },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], read: throughXz },
];

/**
 * The content of a file that may be compressed: gzip and zstd by Bun, xz by the host's xz(1).
 *
 * @throws KontenerError `IMAGE` where the compressed data is damaged or cut short
 */
export async function* decompress(path: string): AsyncGenerator<Uint8Array> {
  const start = await firstBytes(path);
  const format = formats.find(({ magic }) => magic.every((byte, i) => start[i] === byte));
  if (start.toString("latin1", 0, 3) === "BZh") {
    throw new KontenerError("it is compressed with bzip2", {
      code: "UNSUPPORTED",
      hint: "unpack that first: bunzip2 FILE",
    });
  }
  if (!format) return yield* Bun.file(path).stream();
  try {
    yield* format.read(path);
  } catch (error) {
    if (error instanceof KontenerError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw damaged(`it is not sound ${format.name} data: ${reason}`, error);
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
  return buffer.subarray(0, bytesRead);
}

// Not node:zlib's createZstdDecompress: it takes data that is cut short for whole (Bun 1.4.5).
/**
 * The same for what is still arriving: gzip, zstd or nothing, by its first bytes. Whoever reads verifies a digest of the
 * result.
 */
export async function* decompressStream(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let start = new Uint8Array(0);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    start = Buffer.concat([start, next.value]);
    if (start.length >= 4) break;
  }
  const whole = joined(start, chunks);
  const format = (["gzip", "zstd"] as const).find((name) => hasMagic(name, start));
  if (!format) return yield* whole;
  const feed = new Feed(whole);
  try {
    yield* feed.stream.pipeThrough(new DecompressionStream(format));
  } catch (error) {
    if (feed.failure !== undefined) throw feed.failure; // the source's trouble, not the data's
    const reason = error instanceof Error ? error.message : String(error);
    throw damaged(`it is not sound ${format} data: ${reason}`, error);
  }
}

/** A stream of an iterable's chunks, taken as they are wanted. */
class Feed {
  failure: unknown;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(source: AsyncGenerator<Uint8Array>) {
    this.stream = new ReadableStream({
      pull: async (controller) => {
        try {
          const next = await source.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
        } catch (error) {
          this.failure = error;
          controller.error(error);
        }
      },
      cancel: () => void source.return(undefined),
    });
  }
}

const hasMagic = (name: string, start: Uint8Array): boolean =>
  formats.find((format) => format.name === name)!.magic.every((byte, i) => start[i] === byte);

async function* joined(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (start.length > 0) yield start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const throughBun = (path: string, format: Bun.CompressionFormat): AsyncIterable<Uint8Array> =>
  Bun.file(path).stream().pipeThrough(new DecompressionStream(format));

async function* throughXz(path: string): AsyncGenerator<Uint8Array> {
  const xz = Bun.which("xz");
  if (!xz) {
    throw new KontenerError("it is compressed with xz, and this host has no xz", {
      code: "UNSUPPORTED",
      hint: "install it: apt-get install xz-utils, apk add xz, dnf install xz",
    });
  }
  const child = Bun.spawn([xz, "--decompress", "--stdout"], {
    stdio: [Bun.file(path), "pipe", "pipe"],
  });
  try {
    yield* child.stdout;
    if ((await child.exited) !== 0) throw new Error((await child.stderr.text()).trim());
  } finally {
    child.kill();
  }
}
