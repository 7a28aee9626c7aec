import { expect, test } from "bun:test";
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

const accesses = ["r", "w", "m", "rw"]; // what the kernel asks: mknod(2) is "m", open(2) the others

/** The same numbers on each run (mulberry32). */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

test("the program's verdict is the list's, for random lists and every device they could mean", () => {
  const pick = random(4);
  const one = <T>(from: readonly T[]): T => from[pick(from.length)]!;
  const number = () => one([undefined, -1, 0, 1, 2]);
  for (let round = 0; round < 400; round++) {
    const rules = Array.from({ length: 1 + pick(7) }, (): DeviceRule => {
      const [type, major, minor, access] = [
        one(["a", "b", "c", undefined] as const),
        number(),
        number(),
        one(["r", "w", "m", "rw", "rm", "wm", "rwm", undefined]),
      ];
      return {
        allow: pick(2) === 0,
        ...(type && { type }),
        ...(major !== undefined && { major }),
        ...(minor !== undefined && { minor }),
        ...(access && { access }),
      };
    });
    const instructions = deviceProgram(rules);
    const program = instructions && encodeEbpf(instructions);
    if (program) expect(unreachable(program)).toEqual([]);
    for (const type of ["b", "c"] as const)
      for (const major of [0, 1, 2, 3])
        for (const minor of [0, 1, 2, 3])
          for (const access of accesses) {
            const question = { type, major, minor, access };
            const verdict = program ? verdictOf(program, question) : true;
            if (verdict !== allowed(rules, question))
              throw new Error(`${JSON.stringify({ rules, question })}: ${verdict}`);
          }
  }
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
