import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Seen = { method: string; path: string; range?: string; authorization?: string };

/** What goes wrong with one answer. Numbers are bytes of the body. */
export type Fault = {
  cut?: number;
  stall?: number;
  corrupt?: number;
  /** Ends early and says so in Content-Length: only a digest tells. */
  shorten?: number;
  /** An answer of its own; the registry is not asked. */
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  ignoreRange?: boolean;
};

/** A proxy in front of a registry that breaks what it is told to; raw sockets, so that nothing mends the cuts. */
export class Meddler implements Disposable {
  readonly seen: Seen[] = [];
  /** Asked for each request with those before it that had the same method and path. */
  fault: (request: Seen, before: number) => Fault | undefined = () => undefined;
  readonly #server;
  readonly #upstream: string;

  private constructor(upstream: string) {
    this.#upstream = upstream;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(upstream: string): Promise<Meddler> {
    const meddler = new Meddler(upstream);
    await new Promise<void>((resolve) => {
      meddler.#server.listen(0, "127.0.0.1", resolve);
    });
    return meddler;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = request;
    const { range, authorization } = headers;
    const seen = { method, path, ...(range && { range }), ...(authorization && { authorization }) };
    const before = this.seen.filter((s) => s.method === method && s.path === path).length;
    this.seen.push(seen);
    const fault = this.fault(seen, before) ?? {};
    if (fault.status !== undefined) {
      response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? "");
      return;
    }
    const passed = new Headers({ ...(headers as Record<string, string>), host: this.host });
    if (fault.ignoreRange) passed.delete("range");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await fetch(`http://${this.#upstream}${path}`, {
      method,
      headers: passed,
      redirect: "manual",
      decompress: false,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const sent = Object.fromEntries(answer.headers);
    delete sent["transfer-encoding"];
    if (method !== "HEAD") sent["content-length"] = String(body.length);
    if (fault.shorten !== undefined) sent["content-length"] = String(fault.shorten);
    response.writeHead(answer.status, sent);
    if (fault.cut !== undefined) {
      response.flushHeaders();
      response.write(body.subarray(0, fault.cut));
      // Later, so that the client has what came before it hears of the end.
      setTimeout(() => response.destroy(), 20);
    } else if (fault.stall !== undefined) response.write(body.subarray(0, fault.stall));
    else if (fault.shorten !== undefined) response.end(body.subarray(0, fault.shorten));
    else {
      if (fault.corrupt !== undefined) body[fault.corrupt]! ^= 1;
      response.end(method === "HEAD" ? undefined : body);
    }
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
