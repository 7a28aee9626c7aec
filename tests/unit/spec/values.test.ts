import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { posix } from "node:path";
import {
  parseBoolean,
  parseChoice,
  parseCpus,
  parsePair,
  parsePidsLimit,
  parseSize,
  parseSizeLimit,
  resolvePath,
} from "../../../src/spec/values.ts";

describe("a size", () => {
  test.each([
    ["1", 1],
    ["512k", 512 * 1024],
    ["100m", 100 * 1024 ** 2],
    ["64MiB", 64 * 1024 ** 2],
    ["64 MB", 64 * 1024 ** 2],
    ["1.5g", 1.5 * 1024 ** 3],
    ["2T", 2 * 1024 ** 4],
  ])("%s is %d bytes, as docker counts", (text, bytes) => {
    expect(parseSize("--memory", text)).toBe(bytes);
  });

  test.each(["", "m", "1x", "-5m", "1e3", "0x10", "1,5g", "one"])(
    "%p is refused with the flag and the value in the sentence",
    (text) => {
      expect(() => parseSize("--memory", text)).toThrow(
        `--memory ${JSON.stringify(text)} is not a size`,
      );
    },
  );

  test("that no number holds exactly is too large", () => {
    expect(() => parseSize("--memory", "9999999999p")).toThrow(
      '--memory "9999999999p" is too large',
    );
  });

  test("may be unlimited where a limit is meant", () => {
    expect(parseSizeLimit("--memory", "unlimited")).toBe("unlimited");
    expect(parseSizeLimit("--memory-swap", "-1")).toBe("unlimited");
    expect(parseSizeLimit("--memory", "1m")).toBe(1024 ** 2);
  });
});

test("--pids-limit takes a number, and docker's spellings of no limit", () => {
  expect(parsePidsLimit("--pids-limit", "20")).toBe(20);
  for (const text of ["0", "-1", "unlimited"])
    expect(parsePidsLimit("--pids-limit", text)).toBe("unlimited");
  expect(() => parsePidsLimit("--pids-limit", "many")).toThrow(
    '--pids-limit "many" is not a whole number from 1 to 4194304',
  );
});

test("--cpus takes decimal numbers only", () => {
  expect([parseCpus("--cpus", "0.5"), parseCpus("--cpus", ".5"), parseCpus("--cpus", "2")]).toEqual(
    [0.5, 0.5, 2],
  );
  for (const text of ["", ".", "1e2", "Infinity", "-1", "half"])
    expect(() => parseCpus("--cpus", text)).toThrow("is not a number of processors");
});

test("a switch takes what docker's take", () => {
  expect(parseBoolean("--init", "T")).toBe(true);
  expect(parseBoolean("--init", "0")).toBe(false);
  expect(() => parseBoolean("--init", "toString")).toThrow(
    '--init "toString" is neither true nor false',
  );
});

test("a choice names the word that was meant", () => {
  expect(parseChoice("--network", "none", ["bridge", "none", "host"])).toBe("none");
  expect(() => parseChoice("--network", "brige", ["bridge", "none", "host"])).toThrow(
    expect.objectContaining({
      message: '--network "brige" is not one of bridge, none, host',
      hint: "did you mean --network bridge?",
    }),
  );
});

test("a pair is cut at its first equal sign", () => {
  expect(parsePair("--sysctl", "a=b=c")).toEqual(["a", "b=c"]);
  for (const text of ["", "a", "=b"])
    expect(() => parsePair("--sysctl", text)).toThrow("KEY=VALUE");
});

test("a path is resolved as path.resolve does", () => {
  const path = fc
    .array(fc.constantFrom("a", "b.c", ".", "..", ""), { maxLength: 8 })
    .map((parts) => parts.join("/"));
  fc.assert(
    fc.property(path, path, (base, rest) => {
      expect(resolvePath(`/${base}`, rest)).toBe(posix.resolve(`/${base}`, rest));
    }),
  );
});
