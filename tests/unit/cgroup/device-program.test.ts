import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodeEbpf } from "../../../src/abi/ebpf.ts";
import { deviceProgram } from "../../../src/cgroup/device-program.ts";
import type { DeviceRule } from "../../../src/oci/runtime-spec.ts";
import { deviceRules } from "../../../src/security/devices.ts";
import { unreachable, verdictOf, type Question } from "./device-interpreter.ts";

/** The meaning of a list, written down again: each letter by the last rule that speaks of it. */
const allowed = (rules: readonly DeviceRule[], { type, major, minor, access }: Question): boolean =>
  [...access].every((letter) => {
    const speaking = rules.filter(
      (rule) =>
        (rule.type === undefined || rule.type === "a" || rule.type === type) &&
        (rule.major === undefined || rule.major < 0 || rule.major === major) &&
        (rule.minor === undefined || rule.minor < 0 || rule.minor === minor) &&
        (rule.access ?? "rwm").includes(letter),
    );
    return speaking.at(-1)?.allow ?? false;
  });

const number = fc.constantFrom(-1, 0, 1, 2);
const rule: fc.Arbitrary<DeviceRule> = fc.record(
  {
    allow: fc.boolean(),
    type: fc.constantFrom("a" as const, "b" as const, "c" as const),
    major: number,
    minor: number,
    access: fc.constantFrom("r", "w", "m", "rw", "rm", "wm", "rwm"),
  },
  { requiredKeys: ["allow"] },
);

/** Every device that such rules could mean, and one more; what the kernel asks: mknod(2) is "m", open(2) the others. */
const questions: Question[] = (["b", "c"] as const).flatMap((type) =>
  [0, 1, 2, 3].flatMap((major) =>
    [0, 1, 2, 3].flatMap((minor) =>
      ["r", "w", "m", "rw"].map((access) => ({ type, major, minor, access })),
    ),
  ),
);

test("the program's verdict is the list's, for any list and every device that it could mean", () => {
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 8 }), (rules) => {
      const instructions = deviceProgram(rules);
      const program = instructions && encodeEbpf(instructions);
      if (program) expect(unreachable(program)).toEqual([]);
      const verdict = (question: Question): boolean => !program || verdictOf(program, question);
      expect(questions.filter((q) => verdict(q) !== allowed(rules, q))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("the default list lets only its devices be opened, and every node be made", () => {
  const program = encodeEbpf(deviceProgram(deviceRules())!);
  const opens = (type: "b" | "c", major: number, minor: number): boolean =>
    verdictOf(program, { type, major, minor, access: "rw" });
  for (const minor of [3, 5, 7, 8, 9]) expect(opens("c", 1, minor)).toBe(true);
  for (const [major, minor] of [
    [5, 0],
    [5, 2],
    [136, 0],
    [136, 77],
  ] as const)
    expect(opens("c", major, minor)).toBe(true);
  for (const [major, minor] of [
    [1, 1],
    [1, 2],
    [1, 4],
    [1, 11],
    [4, 0],
    [5, 1],
    [10, 200],
    [10, 232],
  ] as const)
    expect(opens("c", major, minor)).toBe(false);
  for (const major of [1, 7, 8, 254, 259]) expect(opens("b", major, 3)).toBe(false);
  expect(verdictOf(program, { type: "b", major: 8, minor: 0, access: "m" })).toBe(true);
});

test("a list that forbids nothing needs no program", () => {
  expect(deviceProgram([])).toBeUndefined();
  expect(deviceProgram(deviceRules([], true))).toBeUndefined();
});

test("what a later rule about everything overrides is left out: the verifier refuses dead code", () => {
  const denyAll: DeviceRule = { allow: false };
  const program = deviceProgram([{ allow: true, type: "c", major: 1 }, denyAll]);
  expect(program).toEqual(deviceProgram([denyAll])!);
});
