import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { openQuote, quoteWord, shellText, type ShellValue } from "../../../src/api/quote.ts";

const $ = (pieces: TemplateStringsArray, ...values: readonly (ShellValue | undefined)[]) =>
  shellText(pieces, values);

/** What a shell of this host makes of a text: its words. */
function wordsOf(text: string): string[] {
  const { stdout } = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${text}`]);
  return stdout.toString().split("\0").slice(0, -1);
}

describe("values in a shell's text", () => {
  test("any text is one word, unchanged", () => {
    const texts = fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0"));
    const odd = fc.constantFrom(
      "'",
      '"',
      "$(x)",
      "`x`",
      "\\",
      "\n",
      "*",
      "~",
      "-n",
      "#",
      "",
      "!",
      "ä",
    );
    const mixed = fc.array(fc.oneof(odd, texts), { maxLength: 4 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(mixed, (text) => {
        expect(wordsOf(quoteWord(text))).toEqual([text]);
      }),
      { numRuns: 60 },
    );
  });

  test("lists become several words, also lists in lists; an empty list becomes none", () => {
    expect(wordsOf($`${["a b", ["'c'", "$d"]]} ${[]} e`)).toEqual(["a b", "'c'", "$d", "e"]);
  });

  test("a value beside text is part of the word", () => {
    expect(wordsOf($`--name=${"a b"}.txt`)).toEqual(["--name=a b.txt"]);
  });

  test("numbers, raw text and what has a text of its own", () => {
    expect($`${3} ${true} ${{ raw: "| wc" }} ${new URL("file:///a")}`).toBe(
      "3 true | wc file:///a",
    );
  });

  test.each([undefined, null, {}, () => 1, Symbol("x")])("%p is refused", (value) => {
    expect(() => shellText(["a ", ""], [value])).toThrow(/^\$: a value is/);
  });

  test("a value between quotes is refused, as they would not protect it", () => {
    expect(() => $`echo "${"$(reboot)"}"`).toThrow("between double quotes");
    expect(() => $`echo '${"x"}'`).toThrow("between single quotes");
    expect(() => $`echo "$(cat ${"a b"})"`).not.toThrow();
    expect(() => $`echo "it's" ${"x"} # don't\n echo ${"y"}`).not.toThrow();
  });

  test("a NUL byte is refused", () => expect(() => $`echo ${"a\0b"}`).toThrow("NUL"));
});

test.each([
  ["echo ", undefined],
  ["echo '", "single"],
  ["echo 'it'\\''s' ", undefined],
  ['echo "a\\"', "double"],
  ['echo "$(', undefined],
  ['echo "$(echo "', "double"],
  ['echo "$(echo)', "double"],
  ["echo a#'", "single"],
  ["# it's\n", undefined],
  ["# it's", undefined],
] as const)("after %p the open quotes are %p", (text, quotes) => {
  expect(openQuote(text)).toBe(quotes);
});
