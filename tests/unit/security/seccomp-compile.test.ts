import { describe, expect, test } from "bun:test";
import { AUDIT_ARCH_I386, auditArchs } from "../../../src/abi/audit.ts";
import { sockFilterSize } from "../../../src/abi/bpf.ts";
import { errnos } from "../../../src/abi/errno.ts";
import { seccompReturns, X32_SYSCALL_BIT } from "../../../src/abi/seccomp.ts";
import { syscallNumber, type Arch } from "../../../src/abi/syscall.ts";
import type { Seccomp, SeccompRule } from "../../../src/oci/runtime-spec.ts";
import { compileSeccomp } from "../../../src/security/seccomp-compile.ts";
import { defaultSeccomp } from "../../../src/security/seccomp-profile.ts";
import { simulate } from "./simulate.ts";

const archs = Object.keys(auditArchs) as Arch[];
const ENOSYS = seccompReturns.ERRNO | errnos.ENOSYS;
const EPERM = seccompReturns.ERRNO | errnos.EPERM;
const everyNumber = Array.from({ length: 601 }, (_, nr) => nr);

/** A profile with one rule for mmap, and the verdict on mmap with the given arguments. */
function verdict(rule: Omit<SeccompRule, "names">, args: (number | bigint)[] = []): number {
  const profile = { defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ names: ["mmap"], ...rule }] };
  const nr = syscallNumber("mmap", "x86_64");
  return simulate(compileSeccomp(profile, "x86_64"), { nr, arch: "x86_64", args });
}

test("each action becomes its return value", () => {
  const value = (action: string, errnoRet?: number) =>
    verdict({ action, ...(errnoRet === undefined ? {} : { errnoRet }) });
  expect(value("SCMP_ACT_ALLOW")).toBe(0x7fff0000);
  expect(value("SCMP_ACT_ERRNO")).toBe(0x00050001);
  expect(value("SCMP_ACT_ERRNO", 38)).toBe(0x00050026);
  expect(value("SCMP_ACT_KILL")).toBe(0);
  expect(value("SCMP_ACT_KILL_THREAD")).toBe(0);
  expect(value("SCMP_ACT_KILL_PROCESS")).toBe(0x80000000);
  expect(value("SCMP_ACT_TRAP")).toBe(0x00030000);
  expect(value("SCMP_ACT_TRACE", 7)).toBe(0x7ff00007);
  expect(value("SCMP_ACT_LOG")).toBe(0x7ffc0000);
});

test("what makes no sense is refused in words", () => {
  expect(() => verdict({ action: "SCMP_ACT_NOTIFY" })).toThrow("a program that answers");
  expect(() => verdict({ action: "SCMP_ACT_ALOW" })).toThrow("is not an action");
  expect(() => verdict({ action: "SCMP_ACT_ERRNO", errnoRet: 4096 })).toThrow("errnoRet 4096");
  const allow = { action: "SCMP_ACT_ALLOW" };
  const args = (index: number, value: number, op: string) => ({
    ...allow,
    args: [{ index, value, op }],
  });
  expect(() => verdict(args(0, 1, "SCMP_CMP_EG"))).toThrow("is not an operator");
  expect(() => verdict(args(6, 1, "SCMP_CMP_EQ"))).toThrow("arguments 0 to 5");
  expect(() => verdict(args(0, 2 ** 64, "SCMP_CMP_EQ"))).toThrow("2^53");
  expect(() => verdict(args(0, -1, "SCMP_CMP_EQ"))).toThrow("2^53");
});

test("a name that the architecture lacks is passed over", () => {
  const profile = {
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: [{ names: ["toString", "open", "chown32", "read"], action: "SCMP_ACT_ALLOW" }],
  };
  const filter = compileSeccomp(profile, "aarch64");
  const allowed = everyNumber.filter(
    (nr) => simulate(filter, { nr, arch: "aarch64" }) === seccompReturns.ALLOW,
  );
  expect(allowed).toEqual([syscallNumber("read", "aarch64")]);
});

test("where rules contradict each other the strictest that matches decides, in any order", () => {
  const nr = syscallNumber("read", "x86_64");
  const rule = (action: string, value?: number): SeccompRule => ({
    names: ["read"],
    action,
    ...(value === undefined ? {} : { args: [{ index: 0, value, op: "SCMP_CMP_LE" }] }),
  });
  const rules = [
    rule("SCMP_ACT_ALLOW"),
    rule("SCMP_ACT_ERRNO", 3),
    rule("SCMP_ACT_TRAP", 2),
    rule("SCMP_ACT_KILL_PROCESS", 1),
  ];
  const expected = [seccompReturns.KILL_PROCESS, seccompReturns.TRAP, EPERM, seccompReturns.ALLOW];
  for (const syscalls of [rules, rules.toReversed()]) {
    const filter = compileSeccomp({ defaultAction: "SCMP_ACT_LOG", syscalls }, "x86_64");
    const verdicts = [1, 2, 3, 4].map((arg) =>
      simulate(filter, { nr, arch: "x86_64", args: [arg] }),
    );
    expect(verdicts).toEqual(expected);
  }
});

test("a rule that names an argument twice is as many rules as it has conditions, as in runc", () => {
  const rule = {
    action: "SCMP_ACT_ALLOW",
    args: [3, 5].map((value) => ({ index: 0, value, op: "SCMP_CMP_EQ" })),
  };
  expect([3, 4, 5].map((arg) => verdict(rule, [arg]))).toEqual([
    seccompReturns.ALLOW,
    EPERM,
    seccompReturns.ALLOW,
  ]);
});

describe("other doors than the processor's own", () => {
  // Even where a profile allows everything, a rule by number would say nothing about them.
  const profiles: Seccomp[] = [
    { defaultAction: "SCMP_ACT_ALLOW" },
    { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    defaultSeccomp({ capabilities: [], arch: "x86_64", kernel: [6, 1] }),
  ];
  test("a call of another architecture kills the process", () => {
    for (const arch of archs)
      for (const profile of profiles)
        for (const door of [AUDIT_ARCH_I386, ...Object.values(auditArchs), 0, 0xffffffff]) {
          if (door === auditArchs[arch]) continue;
          const filter = compileSeccomp(profile, arch);
          expect(simulate(filter, { nr: 1, arch: door })).toBe(seccompReturns.KILL_PROCESS);
        }
  });
  test("x32's calls do not exist", () => {
    for (const profile of profiles)
      for (const nr of [0, 1, 59, 512, 547, 0x3fffffff, 0xbfffffff]) {
        const call = { nr: nr + X32_SYSCALL_BIT, arch: "x86_64" } as const;
        expect(simulate(compileSeccomp(profile, "x86_64"), call)).toBe(ENOSYS);
      }
  });
});

test("a call newer than the whole profile does not exist, unless the default lets calls through", () => {
  const newer = (defaultAction: string) => {
    const profile = { defaultAction, syscalls: [{ names: ["mseal"], action: "SCMP_ACT_LOG" }] };
    const filter = compileSeccomp(profile, "x86_64");
    return simulate(filter, { nr: syscallNumber("mseal", "x86_64") + 1, arch: "x86_64" });
  };
  expect(newer("SCMP_ACT_ERRNO")).toBe(ENOSYS);
  expect(newer("SCMP_ACT_KILL_PROCESS")).toBe(ENOSYS);
  expect(newer("SCMP_ACT_ALLOW")).toBe(seccompReturns.ALLOW);
  expect(newer("SCMP_ACT_TRACE")).toBe(seccompReturns.TRACE | errnos.EPERM);
});

test("a profile that is too long for the kernel is refused, one that just fits has its long jumps right", () => {
  const profile = (count: number): Seccomp => ({
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: Array.from({ length: count }, (_, i) => ({
      names: [["read", "write", "mmap", "mseal"][i % 4]!],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: i % 6, value: 2 ** 40 + i, op: "SCMP_CMP_EQ" }],
    })),
  });
  const filter = compileSeccomp(profile(900), "x86_64");
  expect(filter.length / sockFilterSize).toBeGreaterThan(3600);
  for (let i = 0; i < 900; i++) {
    const nr = syscallNumber((["read", "write", "mmap", "mseal"] as const)[i % 4]!, "x86_64");
    const call = { nr, arch: "x86_64" } as const;
    const args = [0, 0, 0, 0, 0, 0];
    args[i % 6] = 2 ** 40 + i;
    expect(simulate(filter, { ...call, args })).toBe(seccompReturns.ALLOW);
    args[i % 6] = i; // the same low half
    expect(simulate(filter, { ...call, args })).toBe(EPERM);
  }
  expect(() => compileSeccomp(profile(1200), "x86_64")).toThrow("the kernel takes 4096");
});
