import { deviceAccess, deviceContext, deviceTypes, type Instruction } from "../abi/ebpf.ts";
import type { DeviceRule } from "../oci/runtime-spec.ts";

/** What the registers hold. The kernel passes the context in 1 and takes the verdict from 0: 1 allows, 0 denies. */
const reg = { verdict: 0, context: 1, type: 2, pending: 3, major: 4, minor: 5 } as const;

const everyAccess = deviceAccess.r | deviceAccess.w | deviceAccess.m;

/**
 * The device list as a program for a control group of cgroup v2, which has no files for it (cgroup-v2.rst, "Device
 * controller"); undefined where the list forbids nothing.
 *
 * What the list means is config-linux.md's "applied in the listed order": for each way of access (read, write, make) the
 * last rule that speaks of the device decides, and what no rule speaks of is denied. The program walks the list from its
 * end. It holds in `pending` what is asked and not yet decided: a rule that allows takes its accesses out, and nothing
 * left is a yes; a rule that denies one that is left is a no.
 */
export function deviceProgram(rules: readonly DeviceRule[]): Instruction[] | undefined {
  const last = rules.at(-1);
  if (last === undefined || (last.allow && isWhole(last))) return undefined;
  const program: Instruction[] = [
    { op: "load", dst: reg.type, src: reg.context, off: deviceContext.access_type },
    { op: "copy", dst: reg.pending, src: reg.type },
    { op: "and", dst: reg.type, imm: 0xffff },
    { op: "shiftRight", dst: reg.pending, imm: 16 },
    { op: "load", dst: reg.major, src: reg.context, off: deviceContext.major },
    { op: "load", dst: reg.minor, src: reg.context, off: deviceContext.minor },
  ];
  for (const rule of rules.toReversed()) {
    program.push(...ruleBlock(rule));
    // It decides whatever is left, so what comes before it in the list counts for nothing; the kernel's verifier refuses
    // instructions that cannot be reached.
    if (isWhole(rule)) return program;
  }
  return [...program, ...verdict(false)];
}

/** A rule about every device and every access. */
export const isWhole = ({ type = "a", major, minor, access }: DeviceRule): boolean =>
  type === "a" && isWild(major) && isWild(minor) && accessMask(access) === everyAccess;

export const isWild = (number: number | undefined): boolean => number === undefined || number < 0;

/** The letters of `rwm` as bits; none given is all of them (config-linux.md). */
export const accessMask = (access = "rwm"): number =>
  Object.entries(deviceAccess).reduce(
    (mask, [letter, bit]) => (access.includes(letter) ? mask | bit : mask),
    0,
  );

function ruleBlock({ allow, type = "a", major, minor, access }: DeviceRule): Instruction[] {
  const conditions: [number, number][] = [];
  if (type !== "a") conditions.push([reg.type, deviceTypes[type]]);
  if (!isWild(major)) conditions.push([reg.major, major!]);
  if (!isWild(minor)) conditions.push([reg.minor, minor!]);
  const body = decide(allow, accessMask(access));
  return [
    ...conditions.map(([dst, imm], i): Instruction => ({
      op: "skipUnlessEqual",
      dst,
      imm,
      off: conditions.length - 1 - i + body.length, // to the next rule
    })),
    ...body,
  ];
}

function decide(allow: boolean, mask: number): Instruction[] {
  const end = verdict(allow);
  if (mask === everyAccess) return end;
  if (allow)
    return [
      { op: "and", dst: reg.pending, imm: everyAccess & ~mask },
      { op: "skipUnlessEqual", dst: reg.pending, imm: 0, off: end.length },
      ...end,
    ];
  return [
    { op: "copy", dst: reg.verdict, src: reg.pending },
    { op: "and", dst: reg.verdict, imm: mask },
    { op: "skipIfEqual", dst: reg.verdict, imm: 0, off: end.length },
    ...end,
  ];
}

const verdict = (allow: boolean): Instruction[] => [
  { op: "set", dst: reg.verdict, imm: allow ? 1 : 0 },
  { op: "exit" },
];
