import { describe, expect, test } from "bun:test";
import { endpointOf } from "../../../src/registry/endpoint.ts";
import { Session } from "../../../src/registry/session.ts";

type Handler = (request: Request, url: URL) => Response;

/** A registry on loopback that answers as it is told to. */
function registry(handler: Handler) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const url = new URL(request.url);
      return url.pathname === "/v2/" ? new Response("{}") : handler(request, url);
    },
  });
  const host = `127.0.0.1:${server.port}`;
  const session = new Session(endpointOf(host, false), {
    name: `${host}/a:1`,
    scopes: ["repository:a:pull"],
    credentials: async () => ({ username: "me", password: "secret" }),
    pause: 1,
    patience: 300,
  });
  return { host, session, [Symbol.dispose]: () => void server.stop(true) };
}

const get = async (session: Session, path = "a/blobs/x") => {
  using reply = await session.request(path, { step: "give it" });
  return new TextDecoder().decode(await reply.bytes(100));
};
const demand = (host: string) => ({
  status: 401,
  headers: { "WWW-Authenticate": `Bearer realm="http://${host}/token",service="s"` },
});

describe("a session", () => {
  test("a token that the registry takes no more is replaced, once for all who were told", async () => {
    let [tokens, valid] = [0, 0];
    using server = registry((request, url) => {
      if (url.pathname === "/token") return Response.json({ token: `${(valid = ++tokens)}` });
      const good = request.headers.get("Authorization") === `Bearer ${valid}`;
      return good ? new Response("yes") : new Response("", demand(server.host));
    });
    expect(await get(server.session)).toBe("yes");
    expect(await get(server.session)).toBe("yes");
    expect(tokens).toBe(1);
    valid = -1; // revoked
    const all = await Promise.all([1, 2, 3].map(() => get(server.session)));
    expect(all).toEqual(["yes", "yes", "yes"]);
    expect(tokens).toBe(2);
  });

  test("a token that has run out is replaced before it is shown", async () => {
    const shown: string[] = [];
    let tokens = 0;
    using server = registry((request, url) => {
      if (url.pathname === "/token") return Response.json({ token: `${++tokens}`, expires_in: 1 });
      const header = request.headers.get("Authorization");
      if (header === null) return new Response("", demand(server.host));
      shown.push(header);
      return new Response("yes");
    });
    await get(server.session);
    await Bun.sleep(950);
    await get(server.session);
    expect(shown).toEqual(["Bearer 1", "Bearer 2"]);
  });

  test("a registry that never takes the token is told of, not asked for ever", async () => {
    let asked = 0;
    using server = registry((_, url) => {
      if (url.pathname === "/token") return Response.json({ token: "t" });
      asked++;
      return new Response("", demand(server.host));
    });
    await expect(get(server.session)).rejects.toThrow("does not accept the login of me");
    expect(asked).toBe(2);
  });

  test("the password goes to the token server only, and not to where that one redirects", async () => {
    const elsewhere: (string | null)[] = [];
    using other = registry((request) => {
      elsewhere.push(request.headers.get("Authorization"));
      return Response.json({ token: "t" });
    });
    const seen: string[] = [];
    using server = registry((request, url) => {
      seen.push(`${url.pathname} ${request.headers.get("Authorization")?.split(" ")[0]}`);
      if (url.pathname === "/token") return Response.redirect(`http://${other.host}/t`, 307);
      if (request.headers.has("Authorization")) return new Response("yes");
      return new Response("", demand(server.host));
    });
    expect(await get(server.session)).toBe("yes");
    expect(seen).toEqual(["/v2/a/blobs/x undefined", "/token Basic", "/v2/a/blobs/x Bearer"]);
    expect(elsewhere).toEqual([null]);
  });

  test("a server that accepts and never answers is given up, and asked again", async () => {
    let asked = 0;
    const mute = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: () => void asked++ },
    });
    const session = new Session(endpointOf(`127.0.0.1:${mute.port}`, false), {
      name: "x",
      scopes: [],
      credentials: async () => undefined,
      patience: 50,
    });
    await expect(get(session)).rejects.toThrow("the server was silent for 0.05 seconds");
    expect(asked).toBe(2); // by https and by http
    mute.stop(true);
  });

  test("given up by whoever waits, it ends at once", async () => {
    using server = registry(() => new Response("", { status: 503 }));
    const request = { step: "give it", signal: AbortSignal.timeout(20) };
    Object.assign(server.session.options, { pause: 60_000 });
    await expect(server.session.request("a", request)).rejects.toThrow(/timed out|aborted/i);
  });
});
