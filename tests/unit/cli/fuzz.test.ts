import { expect, test } from "bun:test";
import fc from "fast-check";
import { KontenerError } from "../../../src/abi/error.ts";
import { parseRun, parseShell } from "../../../src/cli/argv.ts";
import { runFlags } from "../../../src/cli/flags.ts";
import { parseEnvFile } from "../../../src/spec/env.ts";
import { parseMount } from "../../../src/spec/mount.ts";
import { parseOptions } from "../../../src/spec/options-schema.ts";
import { parseVolume } from "../../../src/spec/volume.ts";

/** Words that look like what the parsers expect, and words that do not. */
const word = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.stringMatching(/^[a-z0-9=:,./ -]{0,20}$/),
  fc.constantFrom("__proto__", "toString", "constructor=1", "--", "-", "", "A=b", "/a:/b:ro"),
  fc.constantFrom(...runFlags.map(({ name }) => `--${name}`)),
);
const argv = fc.array(word, { maxLength: 8 });
const here = { env: {}, cwd: "/" };

/** The result, or undefined after an error of ours: one line, with docker's exit code. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(KontenerError);
    const { message, exitCode } = error as KontenerError;
    expect(message).not.toContain("\n");
    expect(exitCode).toBe(125);
    return undefined;
  }
}

test("any command line gives options that the schema accepts, or one sentence", () => {
  fc.assert(
    fc.property(argv, fc.boolean(), (words, terminal) => {
      for (const parse of [
        () => parseRun(words, here),
        () => parseShell(words, here, terminal),
        () => parseRun([...words, "alpine"], here),
      ]) {
        const line = attempt(parse);
        if (line && !line.help) expect(parseOptions(line.options)).toEqual(line.options);
      }
    }),
    { numRuns: 500 },
  );
});

test("one flag with any value gives a value, or one sentence", () => {
  const flag = fc.constantFrom(...runFlags.map(({ name }) => name));
  fc.assert(
    fc.property(flag, word, (name, value) => {
      attempt(() => parseRun([`--${name}=${value}`, "alpine"], here));
    }),
    { numRuns: 1000 },
  );
});

test("any env file, volume and mount gives a value, or one sentence", () => {
  fc.assert(
    fc.property(word, fc.string({ unit: "binary" }), (text, content) => {
      attempt(() => parseEnvFile("vars", `${text}\n${content}`, {}));
      attempt(() => parseVolume("--volume", text, "/"));
      attempt(() => parseMount("--mount", `type=bind,${text}`, "/"));
    }),
    { numRuns: 500 },
  );
});
