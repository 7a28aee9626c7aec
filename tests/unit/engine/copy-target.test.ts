import { describe, expect, test } from "bun:test";
import { parseSide, placeFor, type Source, type Target } from "../../../src/engine/copy-target.ts";

const file: Source = { name: "f", directory: false, contents: false };
const dir: Source = { name: "d", directory: true, contents: false };
const contents: Source = { ...dir, contents: true };
const at = (path: string, is: Target["is"], parent = true): Target => ({ path, is, parent });

/** docker's documentation of cp, sentence by sentence. */
const rules: [sentence: string, Source, Target, { into: string; name?: string } | RegExp][] = [
  ["a file to a new name", file, at("/x/new", "missing"), { into: "/x", name: "new" }],
  ["a file to a new directory", file, at("/x/new/", "missing"), /not a directory/],
  ["a file over a file", file, at("/x/old", "other"), { into: "/x", name: "old" }],
  ["a file into a directory", file, at("/x", "directory"), { into: "/x", name: "f" }],
  ["a file into the root", file, at("/", "directory"), { into: "/", name: "f" }],
  ["a directory to a new name", dir, at("/x/new/", "missing"), { into: "/x", name: "new" }],
  ["a directory over a file", dir, at("/x/old", "other"), /cannot be copied over it/],
  ["a directory into another", dir, at("/x", "directory"), { into: "/x", name: "d" }],
  ["what is in a directory into another", contents, at("/x/", "directory"), { into: "/x" }],
  ["what is in a directory to a new name", contents, at("/n", "missing"), { into: "/", name: "n" }],
  [
    "anything where the parent is missing",
    file,
    at("/no/x", "missing", false),
    /no directory "\/no"/,
  ],
  ["a file over a path with a slash", file, at("/x/old/", "other"), /not a directory/],
];

describe("cp", () => {
  for (const [sentence, source, target, expected] of rules)
    test(`copies ${sentence}`, () => {
      if (expected instanceof RegExp) expect(() => placeFor(source, target)).toThrow(expected);
      else expect(placeFor(source, target)).toEqual(expected);
    });

  test("reads CONTAINER:PATH, paths with colons and -", () => {
    expect(parseSide("web:/etc")).toEqual({ kind: "container", container: "web", path: "/etc" });
    expect(parseSide("web:a:b")).toEqual({ kind: "container", container: "web", path: "a:b" });
    expect(parseSide("./web:/etc")).toEqual({ kind: "host", path: "./web:/etc" });
    expect(parseSide("/a:b")).toEqual({ kind: "host", path: "/a:b" });
    expect(parseSide("plain")).toEqual({ kind: "host", path: "plain" });
    expect(parseSide("-")).toEqual({ kind: "stream" });
    expect(() => parseSide("web:")).toThrow("is not CONTAINER:PATH");
  });
});
