import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KontenerError } from "../../../src/abi/error.ts";
import { parseDockerfile } from "../../../src/build/dockerfile.ts";
import { expand, expandText } from "../../../src/build/expand.ts";
import { parseIgnore } from "../../../src/build/ignore.ts";

const parse = (text: string) => parseDockerfile(text).instructions;
const brief = (text: string) => parse(text).map(({ keyword, line, rest }) => [keyword, line, rest]);

describe("parseDockerfile", () => {
  test("joins continued lines, over comments and empty lines, and keeps the first one's number", () => {
    expect(brief("# c\nFROM a\n\nRUN one \\\n  # two\n\n  three \\  \n && four\nCMD x")).toEqual([
      ["FROM", 2, "a"],
      ["RUN", 4, "one   three  && four"],
      ["CMD", 9, "x"],
    ]);
  });

  test("two escapes at a line's end do not continue it", () => {
    expect(brief("FROM a\nRUN x \\\\\nCMD y")).toEqual([
      ["FROM", 1, "a"],
      ["RUN", 2, "x \\\\"],
      ["CMD", 3, "y"],
    ]);
  });

  test("the escape directive changes it, the first comment ends the directives", () => {
    expect(brief("# escape=`\nFROM a\nRUN b `\n c \\\nCMD d")).toEqual([
      ["FROM", 2, "a"],
      ["RUN", 3, "b  c \\"],
      ["CMD", 5, "d"],
    ]);
    expect(brief("# hello\n# escape=`\nFROM a \\\n AS b")).toEqual([["FROM", 3, "a  AS b"]]);
  });

  test("reads here-documents, several and with tabs, and says whether they expand", () => {
    const [, run, copy] = parse(
      "FROM a\nRUN <<-EOF cat && <<'X Y' wc\n\tone\n\tEOF\n$two\nX Y\nCOPY <<a <<b /d\n1\na\n# no comment\nb\n",
    );
    expect(run?.heredocs).toEqual([
      { name: "EOF", chomp: true, expand: true, content: "one\n" },
      { name: "X Y", chomp: false, expand: false, content: "$two\n" },
    ]);
    expect(copy?.heredocs.map(({ content }) => content)).toEqual(["1\n", "# no comment\n"]);
  });

  test("reads flags and the exec form; what is no JSON is the shell's", () => {
    const [, copy, cmd, test] = parse(
      'FROM a\nCOPY --from=b --link --chown=1:2 x y\nCMD ["a", "b\\n"]\nRUN [ -f x ]',
    );
    expect(copy?.flags).toEqual([
      { name: "from", value: "b" },
      { name: "link", value: "" },
      { name: "chown", value: "1:2" },
    ]);
    expect(copy?.rest).toBe("x y");
    expect(cmd?.json).toEqual(["a", "b\n"]);
    expect(test?.json).toBeUndefined();
  });

  test("names file and line of what is wrong", () => {
    const message = (text: string) => {
      try {
        parseDockerfile(text, "sub/Dockerfile");
      } catch (error) {
        return `${(error as Error).message} (${(error as KontenerError).hint})`;
      }
      return "";
    };
    expect(message("FROM a\n\nCOPPY x y")).toBe(
      'sub/Dockerfile:3: there is no instruction "COPPY" (did you mean COPY?)',
    );
    expect(message("FROM a\nRUN")).toStartWith("sub/Dockerfile:2: RUN needs something behind it");
    expect(message("FROM a\nRUN cat <<EOF\nx")).toStartWith(
      "sub/Dockerfile:2: the here-document <<EOF has no end",
    );
    expect(message("# escape=x\nFROM a")).toStartWith("sub/Dockerfile:1: escape=x");
  });

  test("any text is a Dockerfile or one sentence with a line", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "FROM a",
        "RUN <<E",
        "E",
        "COPY",
        "\\",
        "\n",
        " ",
        "# escape=`",
        '["a"]',
        "--a=",
        "${",
        "<<-'",
      ),
      fc.string({ unit: "binary", maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          parseDockerfile(pieces.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(KontenerError);
          expect((error as Error).message).toMatch(/^Dockerfile:\d+: /);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("expand", () => {
  const variables = new Map([
    ["x", "1"],
    ["empty", ""],
    ["word", "a b"],
  ]);
  const lookup = (name: string) => variables.get(name);
  test.each([
    ["$x", "1"],
    ["${x}y", "1y"],
    ["$xy", ""],
    ["${no:-$x}", "1"],
    ["${empty:-d}", "d"],
    ["${empty-d}", ""],
    ["${x:+yes}", "yes"],
    ["${no+yes}", ""],
    ["\\$x", "$x"],
    ["'$x'", "$x"],
    ['"$word" z', "a b z"],
    ['"\\"$x\\n"', '"1\\n'],
    ["a$", "a$"],
    ["${no:-${x}}${x}", "11"],
  ])("%s is %s", (word, result) => {
    expect(expand(word, lookup)).toBe(result);
  });
  test("says what is wrong", () => {
    expect(() => expand("${x", lookup)).toThrow("is not understood");
    expect(() => expand("${no:?want it}", lookup)).toThrow("no is not set: want it");
    expect(() => expand("'a", lookup)).toThrow("closing '");
  });
  test("in a here-document quotes are text", () => {
    expect(expandText(`"$x" 'y' \\$x \\n`, lookup)).toBe(`"1" 'y' $x \\n`);
  });
});

describe("parseIgnore", () => {
  const ignores = (patterns: string, path: string) => parseIgnore(patterns).ignores(path);
  test.each([
    ["node_modules", "node_modules/a/b", true],
    ["node_modules", "sub/node_modules", false],
    ["**/node_modules", "sub/deep/node_modules/x", true],
    ["*.md\n!README.md", "README.md", false],
    ["*.md\n!README.md", "docs.md", true],
    ["docs\n!docs/keep", "docs/keep/x", false],
    ["docs\n!docs/keep", "docs/other", true],
    ["/a//b/", "a/b", true],
    ["# no\n\n  x  ", "x", true],
    ["**", "a/b/c", true],
    ["a?c", "abc", true],
    ["[a-c]x", "bx", true],
    ["[^a]x", "ax", false],
    ["a/../b", "b", true],
    ["**/*.go", "x.go", true],
    ["temp*", "tempa/b", true],
  ])("%j on %s: %p", (patterns, path, result) => {
    expect(ignores(patterns, path)).toBe(result);
  });
});
