import { KontenerError } from "../abi/error.ts";
import { reasonOf } from "../image/download.ts";
import { isLoopback, type Endpoint } from "./endpoint.ts";
import { certificatesFor } from "./certificates.ts";
import { Patience } from "./patience.ts";

/** A failure that may be another one, or none, a moment later. */
export class Passing extends Error {
  readonly final: KontenerError;
  /** Seconds that the server asks to be left alone. */
  readonly wait: number | undefined;

  constructor(final: KontenerError, wait?: number) {
    super(final.message);
    this.final = final;
    this.wait = wait;
  }
}

export type Exchange = {
  method?: string;
  headers?: Record<string, string>;
  /** Called for each attempt; `alive` is to be told of each piece that goes out. */
  body?: ((alive: () => void) => ReadableStream<Uint8Array> | Uint8Array | string) | undefined;
  /** The header for a URL of this origin, if it may have one. */
  authorization?: { origin: string; value: string } | undefined;
  patience: number;
  signal?: AbortSignal | undefined;
};

const MOST_REDIRECTS = 10;
const redirects = [301, 302, 303, 307, 308];

/** An answer whose body is still to come. Whoever has read what there is to read disposes of it. */
export class Reply implements Disposable {
  readonly url: URL;
  readonly response: Response;
  readonly #patience: Patience;

  constructor(url: URL, response: Response, patience: Patience) {
    this.url = url;
    this.response = response;
    this.#patience = patience;
    patience.end();
  }

  /** The body's pieces. Only the time in which the server is waited for counts against it. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const reader = this.response.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        this.#patience.begin();
        const { done, value } = await reader.read();
        this.#patience.end();
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw this.#patience.signal.aborted ? new Error("the server fell silent") : error;
    } finally {
      this.#patience.end();
      await reader.cancel().catch(() => undefined);
    }
  }

  /** All of a small body: at most `limit` bytes are taken. */
  async bytes(limit: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.chunks()) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit) break;
    }
    return Buffer.concat(chunks).subarray(0, limit);
  }

  [Symbol.dispose](): void {
    this.#patience.end();
    if (!this.response.bodyUsed) void this.response.body?.cancel().catch(() => undefined);
  }
}

/**
 * One request, with the redirects that it leads to. Credentials go to the origin that they are for and nowhere else, and
 * nothing goes by plain http to where it was not asked for.
 *
 * @throws what fetch throws; KontenerError `IMAGE` for a redirect that is not followed
 */
export async function exchange(
  start: URL,
  { method = "GET", headers = {}, body, authorization, patience, signal }: Exchange,
  endpoint: Endpoint,
): Promise<Reply> {
  const waiting = new Patience(patience);
  const signals = signal ? AbortSignal.any([signal, waiting.signal]) : waiting.signal;
  const alive = () => waiting.begin();
  try {
    for (let url = start, hops = 0; ; hops++) {
      if (!["https:", "http:"].includes(url.protocol) || !mayGo(url, endpoint))
        throw refused(endpoint, `leads to ${url.origin} without encryption`);
      const response = await fetch(url, {
        method,
        headers: {
          "Accept-Encoding": "identity",
          "User-Agent": "kontener",
          ...headers,
          ...(authorization?.origin === url.origin && { Authorization: authorization.value }),
        },
        ...(body && { body: body(alive) }),
        redirect: "manual",
        decompress: false, // digests are of what the server has
        signal: signals,
        tls: tlsFor(url, endpoint),
      });
      const location = response.headers.get("Location");
      const follows = ["GET", "HEAD"].includes(method) && redirects.includes(response.status);
      if (!follows || location === null) return new Reply(url, response, waiting);
      await response.body?.cancel();
      if (hops === MOST_REDIRECTS) throw refused(endpoint, "leads in a circle");
      url = new URL(location, url);
    }
  } catch (error) {
    waiting.end();
    if (waiting.signal.aborted && !signal?.aborted)
      throw new Error(`the server was silent for ${patience / 1000} seconds`, { cause: error });
    throw error;
  }
}

/** Whether a URL may be used at all: https, or loopback, or what was declared insecure. */
export const mayGo = (url: URL, { insecure }: Endpoint): boolean =>
  url.protocol === "https:" || isLoopback(url.host) || insecure;

function tlsFor(url: URL, { insecure, bases }: Endpoint) {
  const own = bases.some((base) => new URL(base).host === url.host);
  return {
    ...(url.protocol === "https:" && certificatesFor(url.host)),
    ...(insecure && own && { rejectUnauthorized: false }),
  };
}

const refused = ({ registry }: Endpoint, why: string): KontenerError =>
  new KontenerError(`${registry} ${why}: it is not followed`, {
    code: "IMAGE",
    hint: "--tls-verify=false would allow plain http",
  });

const certificateProblem = /CERT|SIGNATURE|SELF_SIGNED|ALTNAME/;

/** A server that could not be reached, or broke off, as an error of ours. */
export function unreachable(registry: string, error: unknown): KontenerError {
  if (error instanceof KontenerError) return error;
  const code = (error as { code?: string }).code ?? "";
  const certificate = certificateProblem.test(code);
  return new KontenerError(
    `cannot reach ${registry}: ${certificate ? `its certificate is not trusted (${code})` : reasonOf(error)}`,
    {
      code: "IMAGE",
      hint: certificate
        ? `put its authority's certificate into /etc/docker/certs.d/${registry}/ca.crt`
        : "check the name and the network; HTTPS_PROXY names a proxy",
      cause: error,
    },
  );
}
