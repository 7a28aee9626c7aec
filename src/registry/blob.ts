import { KontenerError } from "../abi/error.ts";
import type { Descriptor } from "../oci/image-spec.ts";
import { endpointOf } from "./endpoint.ts";
import { PAUSE, Session, type Request } from "./session.ts";
import type { Reply } from "./wire.ts";

export type BlobOptions = {
  offset: number;
  signal?: AbortSignal | undefined;
  onRetry?: ((reason: string) => void) | undefined;
};

const [PARTIAL_CONTENT, NOT_FOUND] = [206, 404];
/** Connections that may break off one after the other without a byte in between. */
const FRUITLESS = 5;

/**
 * A blob from `offset` on, in one stream however often the connection breaks off: it goes on from where it was
 * (distribution-spec "Pulling blobs", Range). Whether it is what the descriptor says is for the store to find out.
 */
export function blobStream(
  session: Session,
  repository: string,
  descriptor: Descriptor,
  { offset, signal, onRetry }: BlobOptions,
): ReadableStream<Uint8Array> {
  const { size } = descriptor;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let at = offset;
    for (let fruitless = 0; at < size;) {
      const before = at;
      let reason = "the connection was closed";
      try {
        using reply = await open(session, repository, descriptor, at, { signal, onRetry });
        for await (const chunk of rest(reply, at)) {
          signal?.throwIfAborted();
          at += chunk.length;
          yield chunk;
          if (at >= size) return; // one that is too long is the store's to complain of
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof KontenerError) throw error;
        reason = (error as Error).message;
      }
      if (at >= size) return;
      fruitless = at > before ? 0 : fruitless + 1;
      if (fruitless === FRUITLESS) throw brokeOff(session, descriptor, at, reason);
      await Bun.sleep(fruitless * (session.options.pause ?? PAUSE));
      onRetry?.(`${reason}, after ${at} of ${size} bytes`);
    }
  }
  const source = pieces();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await source.return(undefined);
    },
  });
}

async function open(
  session: Session,
  repository: string,
  { digest, urls = [] }: Descriptor,
  at: number,
  { signal, onRetry }: Pick<BlobOptions, "signal" | "onRetry">,
): Promise<Reply> {
  const request = {
    step: "give a layer",
    ...(at > 0 && { headers: { Range: `bytes=${at}-` } }),
    ...(signal && { signal }),
    onRetry,
  };
  const path = `${repository}/blobs/${digest}`;
  if (urls.length === 0) return await session.request(path, request);
  // image-spec descriptor.md "urls": a layer that may not be passed on lies with its maker.
  const reply = await session.request(path, { ...request, expected: [NOT_FOUND] });
  if (reply.response.status !== NOT_FOUND) return reply;
  reply[Symbol.dispose]();
  return await fromItsMaker(session, digest, urls, request);
}

/**
 * Another host, and a session of its own with it: the registry's login is not for it, whatever it asks for, and messages
 * name it.
 */
async function fromItsMaker(
  { options }: Session,
  digest: string,
  urls: readonly string[],
  request: Request,
): Promise<Reply> {
  let failure: unknown = new KontenerError(`${options.name}: ${digest} lies at no https URL`, {
    code: "IMAGE",
  });
  for (const text of urls.filter((one) => one.startsWith("https://") && URL.canParse(one))) {
    const url = new URL(text);
    const maker = new Session(endpointOf(url.host, false), {
      ...options,
      name: `${url.host}${url.pathname}`,
      scopes: [],
      credentials: async () => undefined,
    });
    try {
      return await maker.request(url, request);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** What is wanted of an answer: a server that does not know Range begins from the start (RFC 9110, 14.2). */
async function* rest(reply: Reply, at: number): AsyncGenerator<Uint8Array> {
  const { status, headers } = reply.response;
  const range = headers.get("Content-Range") ?? "";
  if (status === PARTIAL_CONTENT && !range.startsWith(`bytes ${at}-`))
    throw new Error(`the server sent ${JSON.stringify(range)} instead of what follows ${at}`);
  let skip = status === PARTIAL_CONTENT ? 0 : at;
  for await (const chunk of reply.chunks()) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}

const brokeOff = (session: Session, { digest, size }: Descriptor, at: number, reason: string) =>
  new KontenerError(
    `${session.options.name}: layer ${digest.slice(0, 19)} broke off after ${at} of ${size} bytes: ${reason}`,
    { code: "IMAGE", hint: "what came is kept: pull again to go on from there" },
  );
