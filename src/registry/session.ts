import { KontenerError } from "../abi/error.ts";
import { Authorization } from "./authorization.ts";
import type { Credentials } from "./challenge.ts";
import { complaint, retryAfter } from "./complaint.ts";
import type { Endpoint } from "./endpoint.ts";
import { exchange, Passing, unreachable, type Exchange, type Reply } from "./wire.ts";

export type SessionOptions = {
  /** What messages call the image. */
  name: string;
  scopes: readonly string[];
  credentials(): Promise<Credentials | undefined>;
  /** Milliseconds without a sign of life after which a server counts as gone: 30,000. */
  patience?: number | undefined;
  /** Milliseconds before the second attempt; each further one waits twice as long: 250. */
  pause?: number | undefined;
  signal?: AbortSignal | undefined;
};

export type Request = Pick<Exchange, "method" | "headers" | "body" | "signal"> & {
  /** In words, for errors: "give the manifest". */
  step: string;
  /** Answers that the caller deals with, besides 2xx. */
  expected?: readonly number[];
  /** Told before each further attempt. */
  onRetry?: ((reason: string) => void) | undefined;
};

const PATIENCE = 30_000;
export const PAUSE = 250;
const ATTEMPTS = 5;
/** Seconds. A server that wants to be left alone for longer is not worth waiting for. */
const LONGEST_WAIT = 30;
const TEXT_LIMIT = 64 << 10;
const passing = [408, 429, 500, 502, 503, 504];

/** One image at one registry: finds out how to talk to it, logs in where that is asked for, and tries again. */
export class Session {
  readonly endpoint: Endpoint;
  readonly options: SessionOptions;
  readonly #authorization: Authorization;
  #base: Promise<string> | undefined;

  constructor(endpoint: Endpoint, options: SessionOptions) {
    this.endpoint = endpoint;
    this.options = options;
    const { name, scopes, credentials, patience = PATIENCE } = options;
    this.#authorization = new Authorization(endpoint, { name, scopes, patience }, credentials);
  }

  /** A URL below `/v2/` (distribution-spec "Endpoints"). */
  async url(path: string): Promise<URL> {
    this.#base ??= this.#connect();
    return new URL(`/v2/${path}`, await this.#base);
  }

  /**
   * Asks, up to five times where the failure may pass. What is returned has to be disposed of.
   *
   * @throws KontenerError
   */
  async request(path: string | URL, request: Request): Promise<Reply> {
    return await this.retrying(() => this.attempt(path, request), request);
  }

  async retrying<T>(
    work: () => Promise<T>,
    { signal = this.options.signal, onRetry }: Pick<Request, "signal" | "onRetry"> = {},
  ): Promise<T> {
    const { pause = PAUSE } = this.options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Passing)) throw error;
        if (attempt === ATTEMPTS || (error.wait ?? 0) > LONGEST_WAIT) throw error.final;
        onRetry?.(error.message);
        await sleep(Math.max(pause * 2 ** (attempt - 1), 1000 * (error.wait ?? 0)), signal);
      }
    }
  }

  /** Asks once. @throws Passing, KontenerError */
  async attempt(path: string | URL, request: Request): Promise<Reply> {
    const url = typeof path === "string" ? await this.url(path) : path;
    const before = await this.#authorization.value();
    let reply = await this.#send(url, request, before);
    if (reply.response.status === 401) {
      const header = reply.response.headers.get("WWW-Authenticate");
      // One that another layer's request has got meanwhile is as good as a new one.
      const now = await this.#authorization.value();
      if (header !== null && now === before) await this.#authorization.renew(header);
      const authorization = await this.#authorization.value();
      if (authorization !== undefined) {
        reply[Symbol.dispose]();
        reply = await this.#send(url, request, authorization);
      }
    }
    const { status, ok } = reply.response;
    if (ok || request.expected?.includes(status)) return reply;
    throw await this.#refusal(reply, request.step);
  }

  async #send(url: URL, request: Request, authorization: string | undefined): Promise<Reply> {
    const { patience = PATIENCE, signal } = this.options;
    const own =
      authorization === undefined
        ? undefined
        : { origin: (await this.url("")).origin, value: authorization };
    try {
      return await exchange(
        url,
        { ...request, patience, signal: request.signal ?? signal, authorization: own },
        this.endpoint,
      );
    } catch (error) {
      (request.signal ?? signal)?.throwIfAborted();
      if (error instanceof KontenerError) throw error;
      throw new Passing(unreachable(this.endpoint.registry, error));
    }
  }

  async #refusal(reply: Reply, step: string): Promise<Error> {
    using answer = reply;
    const { status, headers } = answer.response;
    const bytes = await answer.bytes(TEXT_LIMIT).catch(() => new Uint8Array(0));
    const text = new TextDecoder().decode(bytes);
    const { registry } = this.endpoint;
    const { username } = this.#authorization;
    const error = complaint(
      { status, headers, text },
      { name: this.options.name, registry, step, username },
    );
    if (!passing.includes(status)) return error;
    return new Passing(error, retryAfter(headers.get("Retry-After"), Date.now()));
  }

  /** The first way to talk to it that answers at all (distribution-spec "Determining Support"). */
  async #connect(): Promise<string> {
    const { patience = PATIENCE, signal } = this.options;
    let failure: unknown;
    for (const base of this.endpoint.bases) {
      try {
        using _reply = await exchange(
          new URL("/v2/", base),
          { patience, signal },
          { ...this.endpoint },
        );
        return base;
      } catch (error) {
        signal?.throwIfAborted();
        // Something here is not as it should be: no other way to talk mends that.
        if (error instanceof KontenerError && error.code === "INVALID") throw error;
        failure = error;
      }
    }
    this.#base = undefined;
    throw unreachable(this.endpoint.registry, failure);
  }
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  signal?.throwIfAborted();
}
