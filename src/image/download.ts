import { rmSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { verifyDigest, type Digest } from "./digest.ts";
import { PartFile } from "./part-file.ts";

/** Bytes there are so far, and in all where the server says so. */
export type Progress = { done: number; total: number | undefined };

export type DownloadOptions = {
  digest: Digest;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Milliseconds without an answer, or without a byte, after which a server counts as gone: 8,000. */
  patience?: number | undefined;
};

/** With a name to look up and a program to start, the user waits for less than ten seconds. */
const PATIENCE = 8_000;
const ATTEMPTS = 5;
const [PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE] = [206, 416];

/** The network's fault: nothing came, or not all of it. */
export class DownloadError extends KontenerError {
  /** The server is there: another attempt may go on from what came. */
  readonly brokeOff: boolean;

  constructor(url: string, reason: string, brokeOff: boolean, cause?: unknown) {
    super(`cannot download ${url}: ${reason}`, {
      code: "IMAGE",
      hint: brokeOff
        ? "what came is kept: run it again to go on from there"
        : "check the network, or name another mirror or file",
      cause,
    });
    this.brokeOff = brokeOff;
  }
}

/**
 * Downloads `url` into the file `path`, going on from what an earlier attempt left there. The digest is computed while the
 * bytes come; with a wrong one the file is removed.
 *
 * @throws DownloadError where the network or the server fails, after up to five attempts where it breaks off
 * @throws KontenerError `IMAGE` for a wrong digest
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { digest } = options;
  for (let attempt = 1; ; attempt++) {
    using part = await PartFile.open(path, digest.algorithm);
    const resumed = part.size > 0;
    try {
      await transfer(url, part, options);
    } catch (error) {
      if (error instanceof DownloadError && error.brokeOff && attempt < ATTEMPTS) continue;
      if (part.size === 0) rmSync(path);
      throw error;
    }
    if (part.hex() === digest.hex) return;
    rmSync(path);
    // What was there before may have been the beginning of something else: once more from the start.
    if (!resumed || attempt === ATTEMPTS) verifyDigest(url, digest, part.hex());
  }
}

async function transfer(url: string, part: PartFile, options: DownloadOptions): Promise<void> {
  const { onProgress, patience = PATIENCE } = options;
  using deadline = new Deadline(patience);
  const before = part.size;
  let answered = false;
  try {
    const response = await fetch(url, {
      headers: { "Accept-Encoding": "identity", ...(before && { Range: `bytes=${before}-` }) },
      signal: deadline.signal,
      decompress: false, // the digest is of the file as the server has it
    });
    if (!response.ok && response.status !== RANGE_NOT_SATISFIABLE)
      throw new DownloadError(url, `HTTP ${response.status}`, false);
    if (!continues(response, before)) part.restart();
    if (!response.ok) throw new DownloadError(url, `HTTP ${response.status}`, before > 0);

    answered = true;
    const length = response.headers.get("Content-Length");
    const total = length === null ? undefined : part.size + Number(length);
    for await (const chunk of response.body ?? []) {
      deadline.restart();
      part.append(chunk);
      onProgress?.({ done: part.size, total });
    }
    if (total !== undefined && part.size < total) throw new Error("the connection was closed");
  } catch (error) {
    // A full disk is not the network's fault.
    if (error instanceof KontenerError || isWriteError(error)) throw error;
    const silent = deadline.signal.aborted;
    // A server that answers with nothing but silence is not asked again: the user waits.
    if (answered && !(silent && part.size === before))
      throw new DownloadError(url, `it broke off after ${part.size} bytes`, true, error);
    const silence = `the server was silent for ${patience / 1000} seconds`;
    throw new DownloadError(url, silent ? silence : reasonOf(error), false, error);
  }
}

/** Whether a server sends what was asked for: the rest from `start` on (RFC 9110, 14.4). */
const continues = (response: Response, start: number): boolean =>
  start === 0 ||
  (response.status === PARTIAL_CONTENT &&
    response.headers.get("Content-Range")?.startsWith(`bytes ${start}-`) === true);

const isWriteError = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && error.syscall === "write";

const reasons: Record<string, string> = {
  ConnectionRefused: "nobody answers there",
  ECONNREFUSED: "nobody answers there",
  ConnectionClosed: "the connection was closed",
  ECONNRESET: "the connection was closed",
  ENETUNREACH: "no network leads there",
  EHOSTUNREACH: "no network leads there",
  ENOTFOUND: "the name of the server is unknown here",
  EAI_AGAIN: "the name of the server is unknown here",
  EPROTO: "it does not speak TLS",
};

/** What fetch has to say about a server that could not be reached, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return reasons[code ?? ""] ?? message ?? String(error);
}

/** Aborts when nothing has happened for a while. */
class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
