import { describe, expect, test } from "bun:test";
import { parseEnv, parseEnvFile } from "../../../src/spec/env.ts";

const own = { HOME: "/root", EMPTY: "" };

describe("-e", () => {
  test("sets a variable to everything after the first equal sign", () => {
    expect(parseEnv("--env", "A=b=c d", own)).toEqual(["A", "b=c d"]);
    expect(parseEnv("--env", "A=", own)).toEqual(["A", ""]);
  });

  test("takes over the engine's own value, and nothing where there is none", () => {
    expect(parseEnv("--env", "HOME", own)).toEqual(["HOME", "/root"]);
    expect(parseEnv("--env", "EMPTY", own)).toEqual(["EMPTY", ""]);
    expect(parseEnv("--env", "NOPE", own)).toBeUndefined();
    expect(parseEnv("--env", "toString", own)).toBeUndefined();
  });

  test("without a name is refused", () => {
    expect(() => parseEnv("--env", "=x", own)).toThrow('--env "=x" has no name');
  });
});

describe("an env file", () => {
  test("is read as docker reads it: no quotes, no trimmed values, comments by line", () => {
    const content = [
      "\ufeff# a comment",
      "",
      "  A=1",
      `B="two words"`,
      "C= padded ",
      "D=x # not a comment",
      "HOME",
      "NOPE",
      "CRLF=yes\r",
    ].join("\n");
    expect(parseEnvFile("vars", content, own)).toEqual([
      ["A", "1"],
      ["B", '"two words"'],
      ["C", " padded "],
      ["D", "x # not a comment"],
      ["HOME", "/root"],
      ["CRLF", "yes"],
    ]);
  });

  test.each([
    ["A=1\n=x", 'vars, line 2: "=x" has no name before the equal sign'],
    ["export A=1", 'vars, line 1: the name "export A" has a blank in it'],
    ["A=\0", "vars, line 1: there is a NUL byte in it"],
  ])("that is damaged (%p) is refused with its line", (content, message) => {
    expect(() => parseEnvFile("vars", content, own)).toThrow(message);
  });
});
