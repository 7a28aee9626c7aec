import { expect, test } from "bun:test";
import { blobStream } from "../../../src/registry/blob.ts";
import { endpointOf } from "../../../src/registry/endpoint.ts";
import { Session } from "../../../src/registry/session.ts";

const session = (host: string) =>
  new Session(endpointOf(host, false), {
    name: `${host}/a:1`,
    scopes: [],
    credentials: async () => undefined,
    pause: 1,
    patience: 300,
  });
const descriptor = { mediaType: "x", digest: `sha256:${"0".repeat(64)}`, size: 10 };

/** A registry that has the blob "0123456789" at this path, and answers Range as `range` says. */
const serve = (range: (wanted: string) => Response) =>
  Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      if (!request.url.includes("/blobs/")) return new Response("{}");
      const wanted = request.headers.get("Range");
      return wanted === null ? new Response("0123456789") : range(wanted);
    },
  });

test("only what was not there is asked for, and a lie about the range is not believed", async () => {
  const part = (from: string) => ({
    status: 206,
    headers: { "Content-Range": `bytes ${from}-9/10` },
  });
  const asked: string[] = [];
  await using server = serve((wanted) => {
    asked.push(wanted);
    // The first time it sends something else than was wanted.
    return asked.length === 1 ? new Response("X", part("0")) : new Response("6789", part("6"));
  });
  const told: string[] = [];
  const stream = blobStream(session(`127.0.0.1:${server.port}`), "a", descriptor, {
    offset: 6,
    onRetry: (reason) => told.push(reason),
  });
  expect(await new Response(stream).text()).toBe("6789");
  expect(asked).toEqual(["bytes=6-", "bytes=6-"]);
  expect(told[0]).toContain("instead of what follows 6");
});

test("a foreign layer that the registry lacks is got from its URL, which has to be https", async () => {
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => new Response("", { status: request.url.includes("/blobs/") ? 404 : 200 }),
  });
  const host = `127.0.0.1:${server.port}`;
  const from = (url: string) =>
    new Response(
      blobStream(session(host), "a", { ...descriptor, urls: [url] }, { offset: 0 }),
    ).text();
  await expect(from("http://127.0.0.1:9/layer")).rejects.toThrow("lies at no https URL");
  await expect(from("https://127.0.0.1:9/layer")).rejects.toThrow(
    "cannot reach 127.0.0.1:9: nobody answers there",
  );
});
