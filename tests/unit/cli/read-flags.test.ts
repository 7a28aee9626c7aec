import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseArgs } from "node:util";
import { runFlags } from "../../../src/cli/flags.ts";
import { readFlags } from "../../../src/cli/read-flags.ts";

const word = fc.stringMatching(/^[a-z0-9./:]{1,8}$/);
const written = fc.constantFrom(...runFlags).chain((flag): fc.Arbitrary<string[]> => {
  const short = "short" in flag ? [`-${flag.short}`] : [];
  if (!("value" in flag))
    return fc.constantFrom([`--${flag.name}`], ...short.map((name) => [name]));
  return word.chain((value) =>
    fc.constantFrom(
      [`--${flag.name}`, value],
      [`--${flag.name}=${value}`],
      ...short.flatMap((name) => [[name, value], [`${name}${value}`]]),
    ),
  );
});

test("flags are read as node:util's parseArgs reads them", () => {
  const options = Object.fromEntries(
    runFlags.map((flag) => [
      flag.name,
      {
        type: "value" in flag ? ("string" as const) : ("boolean" as const),
        ...("short" in flag ? { short: flag.short } : {}),
      },
    ]),
  );
  fc.assert(
    fc.property(fc.array(written, { maxLength: 6 }), fc.array(word), (flags, rest) => {
      const argv = flags.flat();
      const { tokens } = parseArgs({ args: argv, options, strict: true, tokens: true });
      const expected = tokens.map((token) =>
        token.kind === "option" ? { name: token.name, value: token.value ?? "true" } : token,
      );
      const reading = readFlags([...argv, "--", ...rest], runFlags);
      expect<unknown>(reading.flags).toEqual(expected);
      expect(reading.rest).toEqual(rest);
    }),
  );
});

test("no two flags have a spelling in common", () => {
  const spellings = runFlags.flatMap((flag) => [
    flag.name,
    ...("short" in flag ? [flag.short] : []),
    ...("aliases" in flag ? flag.aliases : []),
  ]);
  expect(new Set(spellings).size).toBe(spellings.length);
});
