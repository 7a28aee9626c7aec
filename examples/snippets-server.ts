/**
 * An HTTP service that runs submitted shell snippets, one box each, a few at a time: `curl --data 'echo hi' localhost:8080`.
 *
 *     sudo bun examples/snippets-server.ts
 */
import { KontenerError, run } from "kontener";

export type ServiceOptions = {
  port: number;
  /** Boxes at a time. */
  width: number;
  /** Requests that may wait; more are turned away with 503. */
  queue: number;
};

export function serve({ port, width, queue }: ServiceOptions): Bun.Server<undefined> {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function turn(): Promise<Disposable> {
    if (running < width) running++;
    else await new Promise<void>((go) => waiting.push(go)); // whoever leaves hands its place on
    return {
      [Symbol.dispose]() {
        const next = waiting.shift();
        if (next) next();
        else running--;
      },
    };
  }

  return Bun.serve({
    port,
    hostname: "127.0.0.1",
    maxRequestBodySize: 64 * 1024,
    async fetch(request) {
      if (request.method !== "POST") return new Response("POST a snippet\n", { status: 405 });
      if (waiting.length >= queue) return new Response("try later\n", { status: 503 });
      const code = await request.text();
      using _ = await turn();
      try {
        const output = await run("busybox", ["sh", "-c", code], {
          network: "none",
          readOnly: true,
          user: "65534:65534",
          memory: "32M",
          pidsLimit: 16,
          timeout: "5s",
          maxOutput: 64 * 1024,
          signal: request.signal, // who hangs up does not leave a snippet behind
        });
        const { exitCode, stdout, stderr, timedOut, oomKilled } = output;
        return Response.json({ exitCode, stdout, stderr, timedOut, oomKilled });
      } catch (error) {
        if (error instanceof KontenerError && error.code === "INVALID")
          return new Response(`${error.message}\n`, { status: 400 });
        throw error;
      }
    },
  });
}

if (import.meta.main) {
  const server = serve({ port: 8080, width: 2 * navigator.hardwareConcurrency, queue: 100 });
  console.log(`listening on ${server.url}`);
}
