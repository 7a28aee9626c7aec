import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { familiarName, parseReference, wholeName } from "../../../src/oci/reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("a reference", () => {
  // What was written, whole, familiar: the rules of distribution's reference package.
  test.each([
    ["alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["alpine:3.22", "docker.io/library/alpine:3.22", "alpine:3.22"],
    ["docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["index.docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["bitnami/redis", "docker.io/bitnami/redis:latest", "bitnami/redis:latest"],
    ["docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
    ["ghcr.io/x/y:tag", "ghcr.io/x/y:tag", "ghcr.io/x/y:tag"],
    ["localhost/x", "localhost/x:latest", "localhost/x:latest"],
    ["localhost:5000/x", "localhost:5000/x:latest", "localhost:5000/x:latest"],
    ["[::1]:5000/x:1", "[::1]:5000/x:1", "[::1]:5000/x:1"],
    ["host:5000", "docker.io/library/host:5000", "host:5000"],
    ["MYHOST/x", "MYHOST/x:latest", "MYHOST/x:latest"],
    ["myhost/x", "docker.io/myhost/x:latest", "myhost/x:latest"],
    [`host:5000/a/b@${digest}`, `host:5000/a/b@${digest}`, `host:5000/a/b@${digest}`],
    [`alpine:3.22@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
    ["a__b/c---d", "docker.io/a__b/c---d:latest", "a__b/c---d:latest"],
  ])("%s is %s", (text, whole, familiar) => {
    expect(wholeName(text)).toBe(whole);
    expect(familiarName(whole)).toBe(familiar);
  });

  test.each([
    "",
    "/alpine",
    "Alpine",
    "alpine:",
    "alpine:.x",
    `alpine:${"x".repeat(129)}`,
    "alpine@sha256:12",
    "a..b",
    "a___b",
    "../etc/passwd",
    "host:5000/",
    "host:5000/../x",
    "https://ghcr.io/x",
    "a//b",
    "-a",
    "a b",
    `${"a".repeat(250)}`,
    "0".repeat(64),
    "host:notaport/x",
    "x\n",
  ])("%j is refused in one sentence", (text) => {
    expect(() => parseReference(text)).toThrow(/not an image's name|longer than|is an id/);
  });

  test("what was made whole stays as it is, and its familiar form means the same", () => {
    const name = fc.stringMatching(/^([a-z][a-z0-9.-]{0,8}(:[0-9]{1,4})?\/)?[a-z0-9._/-]{1,20}$/);
    fc.assert(
      fc.property(name, (text) => {
        let whole: string;
        try {
          whole = wholeName(text);
        } catch {
          return;
        }
        expect(wholeName(whole)).toBe(whole);
        expect(wholeName(familiarName(whole))).toBe(whole);
        expect(whole.split(/[/:]/)).not.toContain("..");
      }),
      { numRuns: 2000 },
    );
  });
});
