import { describe, expect, test } from "bun:test";
import { encodeLogin, findLogins, keyOf } from "../../../src/registry/auth-file.ts";

const auth = (username: string) => encodeLogin({ username, password: "p:w" });
const names = (found: ReturnType<typeof findLogins>) =>
  found.map((entry) =>
    "helper" in entry ? `${entry.helper} ${entry.key}` : entry.credentials.username,
  );

describe("a login for a repository", () => {
  test("is the most particular of containers-auth.json(5)", () => {
    const file = {
      auths: { "r:5000": auth("host"), "r:5000/a": auth("a"), "r:5000/a/b": auth("ab") },
    };
    expect(names(findLogins(file, "r:5000", "a/b/c"))).toEqual(["ab", "a", "host"]);
    expect(names(findLogins(file, "r:5000", "ab"))).toEqual(["host"]);
    expect(names(findLogins(file, "r:5001", "a"))).toEqual([]);
  });

  test("of Docker Hub is found under docker's key and podman's", () => {
    for (const key of ["https://index.docker.io/v1/", "docker.io", "docker.io/me"])
      expect(names(findLogins({ auths: { [key]: auth("me") } }, "docker.io", "me/x"))).toEqual([
        "me",
      ]);
    expect(keyOf("docker.io")).toBe("https://index.docker.io/v1/");
  });

  test("a helper for the registry goes before the store for all, and both before the file", () => {
    const file = { credHelpers: { r: "one" }, credsStore: "all", auths: { r: auth("me"), x: {} } };
    expect(names(findLogins(file, "r", ""))).toEqual(["one r", "all r", "me"]);
    expect(names(findLogins(file, "x", ""))).toEqual(["all x"]);
  });

  test("a password may contain colons; what is no login is none", () => {
    expect(findLogins({ auths: { r: auth("me") } }, "r", "")).toEqual([
      { credentials: { username: "me", password: "p:w" } },
    ]);
    expect(findLogins({ auths: { r: { auth: "bm9jb2xvbg==" } } }, "r", "")).toEqual([]);
    expect(findLogins(JSON.parse('{"auths":{}}'), "__proto__", "constructor")).toEqual([]);
  });
});
