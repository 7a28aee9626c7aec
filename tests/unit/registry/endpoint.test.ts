import { describe, expect, test } from "bun:test";
import { parseReference } from "../../../src/oci/reference.ts";
import { complaint, retryAfter } from "../../../src/registry/complaint.ts";
import { endpointsOf, isLoopback } from "../../../src/registry/endpoint.ts";
import { parseSettings, type Settings } from "../../../src/registry/settings.ts";
import { mayGo } from "../../../src/registry/wire.ts";

const none: Settings = { mirrors: [], insecure: [] };
const bases = (text: string, settings = none, tlsVerify = true) =>
  endpointsOf(parseReference(text), settings, { tlsVerify }).flatMap((endpoint) => endpoint.bases);

describe("where an image is asked for", () => {
  test("https only, unless it is loopback or was declared insecure", () => {
    expect(bases("alpine")).toEqual(["https://registry-1.docker.io"]);
    expect(bases("ghcr.io/a/b")).toEqual(["https://ghcr.io"]);
    const both = ["https://host:5000", "http://host:5000"];
    expect(bases("host:5000/x", { mirrors: [], insecure: ["host:5000"] })).toEqual(both);
    expect(bases("host:5000/x", none, false)).toEqual(both);
    expect(bases("localhost:5000/x")).toEqual(["https://localhost:5000", "http://localhost:5000"]);
  });

  test("Docker Hub's mirrors come first, and are nobody else's", () => {
    const settings = { mirrors: ["https://m.example/", "http://127.0.0.1:5000"], insecure: [] };
    const mirrors = ["https://m.example", "http://127.0.0.1:5000"];
    expect(bases("alpine", settings)).toEqual([...mirrors, "https://registry-1.docker.io"]);
    expect(bases("ghcr.io/a/b", settings)).toEqual(["https://ghcr.io"]);
  });

  test("loopback is what leads nowhere else, not what looks like it", () => {
    for (const host of ["localhost", "localhost:5000", "127.0.0.1", "127.9.9.9:1", "[::1]:5000"])
      expect(isLoopback(host)).toBe(true);
    for (const host of ["localhost.example", "127.0.0.1.example", "128.0.0.1", "[::2]", "x:127"])
      expect(isLoopback(host)).toBe(false);
  });

  test("a redirect or a token server without encryption is not followed away from a safe registry", () => {
    const [safe] = endpointsOf(parseReference("ghcr.io/a/b"), none, {});
    const [loose] = endpointsOf(parseReference("ghcr.io/a/b"), none, { tlsVerify: false });
    expect(mayGo(new URL("https://cdn.example/x"), safe)).toBe(true);
    expect(mayGo(new URL("http://cdn.example/x"), safe)).toBe(false);
    expect(mayGo(new URL("http://cdn.example/x"), loose)).toBe(true);
  });
});

describe("registries.json", () => {
  test("has docker's two settings, and says what is wrong", () => {
    const text = '{"registry-mirrors":["https://m.example"],"insecure-registries":["h:1"]}';
    expect(parseSettings(text, "f")).toEqual({ mirrors: ["https://m.example"], insecure: ["h:1"] });
    expect(parseSettings("{}", "f")).toEqual(none);
    for (const [bad, words] of [
      ["{", "f: "],
      ["3", "no JSON object"],
      ['{"mirrors":[]}', 'no setting "mirrors"'],
      ['{"insecure-registries":"h"}', "no list"],
      ['{"registry-mirrors":["m.example"]}', "no http(s) URL"],
    ] as const)
      expect(() => parseSettings(bad, "f")).toThrow(words);
  });
});

describe("a refusal in words", () => {
  const situation = { name: "r/a:1", registry: "r", step: "give the manifest" };
  const told = (status: number, headers: Record<string, string> = {}, text = "", username = "") => {
    const answer = { status, headers: new Headers(headers), text };
    return complaint(answer, username ? { ...situation, username } : situation);
  };

  test("tells a missing login from one that is not taken", () => {
    expect(told(401).message).toBe("r asks for a login, or there is no r/a:1");
    expect(told(401, {}, "", "me").message).toBe("r does not accept the login of me for r/a:1");
  });

  test("a limit says when to come back, and that a login has more, if there was none", () => {
    expect(told(429, { "Retry-After": "90" }).hint).toContain("in 90 seconds, or log in for more");
    expect(told(429, { "Retry-After": "7200" }, "", "me").hint).toBe("try again in 2 hours");
    expect(told(429).hint).toStartWith("try again later");
  });

  test("a server's own words are passed on, without what would change the terminal", () => {
    const text = JSON.stringify({ errors: [{ code: "DENIED", message: "no\u001b[2J\nway" }] });
    expect(told(500, {}, text).message).toBe(
      "r could not give the manifest of r/a:1 (HTTP 500: no [2J way)",
    );
    expect(told(500, {}, "<html>").message).toContain("(HTTP 500)");
  });

  test("Retry-After is seconds or a date", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(retryAfter("7", now)).toBe(7);
    expect(retryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30);
    expect(retryAfter("Thu, 01 Jan 2015 00:00:30 GMT", now)).toBe(0);
    expect(retryAfter("soon", now)).toBeUndefined();
    expect(retryAfter(null, now)).toBeUndefined();
  });
});
