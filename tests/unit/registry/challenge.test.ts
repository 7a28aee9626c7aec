import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseChallenges, readToken, tokenRequest } from "../../../src/registry/challenge.ts";

describe("WWW-Authenticate", () => {
  test("what Docker Hub, a quoted comma, and several challenges in one header ask for", () => {
    const hub =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"';
    expect(parseChallenges(hub)).toEqual([
      {
        scheme: "bearer",
        parameters: {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:a/b:pull,push",
        },
      },
    ]);
    expect(parseChallenges('Negotiate, basic realm="a \\"b\\", c" , BEARER realm=x')).toEqual([
      { scheme: "basic", parameters: { realm: 'a "b", c' } },
      { scheme: "bearer", parameters: { realm: "x" } },
    ]);
    expect(parseChallenges("Bearer")).toEqual([]);
  });

  test("no header makes the parser fail, or loop", () => {
    const piece = fc.constantFrom("Bearer", " ", ",", "=", '"', "\\", "realm", "a=b", 'x="y"', "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        for (const { scheme } of parseChallenges(pieces.join("")))
          expect(["basic", "bearer"]).toContain(scheme);
      }),
    );
  });
});

describe("a request for a token", () => {
  const challenge = parseChallenges('Bearer realm="https://a.example/t?x=1",service="r"')[0]!;
  const scopes = ["repository:a/b:pull,push", "repository:c:pull"];

  test("names service and scopes, each scope by itself, and keeps what the realm has", () => {
    const { url, headers } = tokenRequest(challenge, scopes, undefined);
    expect(headers).toEqual({});
    const { searchParams } = new URL(url);
    expect(searchParams.getAll("scope")).toEqual(scopes);
    expect([searchParams.get("x"), searchParams.get("service")]).toEqual(["1", "r"]);
  });

  test("shows a password as Basic, a refresh token in a form", () => {
    const login = { username: "me", password: "pä:ss" };
    const { headers, method } = tokenRequest(challenge, scopes, login);
    expect(method).toBe("GET");
    const shown = Buffer.from(headers["Authorization"]!.slice("Basic ".length), "base64");
    expect(shown.toString()).toBe("me:pä:ss");
    const form = tokenRequest(challenge, scopes, { ...login, identityToken: "T" });
    expect([form.method, form.headers["Authorization"]]).toEqual(["POST", undefined]);
    expect(new URLSearchParams(form.body).get("refresh_token")).toBe("T");
    expect(new URLSearchParams(form.body).get("scope")).toBe(scopes.join(" "));
  });

  test("a token lives as long as its server says, or a minute, less a tenth", () => {
    expect(readToken({ token: "t", expires_in: 300 }, 1000)).toEqual({
      token: "t",
      until: 271_000,
    });
    expect(readToken({ access_token: "a" }, 0)).toEqual({ token: "a", until: 54_000 });
    for (const answer of [undefined, null, {}, { token: "" }, { token: 3 }, "x"])
      expect(readToken(answer, 0)).toBeUndefined();
  });
});
