import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { KontenerError } from "../../../src/abi/error.ts";
import { seccompReturns } from "../../../src/abi/seccomp.ts";
import { syscallNumber } from "../../../src/abi/syscall.ts";
import { defaultCapabilities } from "../../../src/security/capabilities.ts";
import { parseSeccompProfile } from "../../../src/security/profile-file.ts";
import { compileSeccomp } from "../../../src/security/seccomp-compile.ts";
import type { SeccompContext } from "../../../src/security/seccomp-profile.ts";
import { simulate } from "./simulate.ts";

const context: SeccompContext = {
  capabilities: defaultCapabilities,
  arch: "x86_64",
  kernel: [6, 1],
};
const parse = (profile: unknown, more: Partial<SeccompContext> = {}) =>
  parseSeccompProfile(JSON.stringify(profile), { ...context, ...more }, "p.json");

test("the specification's form comes through as it is", () => {
  const profile = {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    architectures: ["SCMP_ARCH_X86_64"],
    syscalls: [
      { names: ["read"], action: "SCMP_ACT_ALLOW" },
      {
        names: ["clone"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: 1,
        args: [{ index: 0, value: 1, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ" }],
      },
    ],
  };
  expect(parse(profile)).toEqual(profile);
});

test("docker's includes and excludes are settled by capability, architecture and kernel", () => {
  const rule = (name: string, more: object) => ({ name, action: "SCMP_ACT_ALLOW", ...more });
  const names = (more: Partial<SeccompContext> = {}) =>
    parse(
      {
        defaultAction: "SCMP_ACT_ERRNO",
        archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
        syscalls: [
          rule("mount", { includes: { caps: ["CAP_SYS_ADMIN"] }, excludes: {} }),
          rule("clone", { excludes: { caps: ["CAP_SYS_ADMIN"] }, includes: null }),
          rule("arch_prctl", { includes: { arches: ["amd64", "x32"] } }),
          rule("cacheflush", { includes: { arches: ["arm", "arm64"] } }),
          rule("modify_ldt", { excludes: { arches: ["arm64"] } }),
          rule("ptrace", { includes: { minKernel: "4.8" } }),
          rule("vm86", { excludes: { minKernel: "6.2" }, args: null }),
        ],
      },
      more,
    ).syscalls!.flatMap((one) => one.names);
  expect(names()).toEqual(["clone", "arch_prctl", "modify_ldt", "ptrace", "vm86"]);
  expect(names({ capabilities: ["CAP_SYS_ADMIN"] })[0]).toBe("mount");
  expect(names({ arch: "aarch64" })).toEqual(["clone", "cacheflush", "ptrace", "vm86"]);
  expect(names({ kernel: [4, 4] })).not.toContain("ptrace");
  expect(names({ kernel: [6, 18] })).not.toContain("vm86");
});

test("a torn, empty or senseless file is one sentence that names it", () => {
  const message = (text: string): string => {
    try {
      parseSeccompProfile(text, context, "p.json");
    } catch (error) {
      expect(error).toBeInstanceOf(KontenerError);
      return (error as Error).message;
    }
    return "";
  };
  expect(message('{"defaultAction": "SCMP')).toStartWith("seccomp profile p.json is not JSON: ");
  expect(message("  \n")).toBe("seccomp profile p.json is empty");
  expect(message("[]")).toStartWith("seccomp profile p.json: ");
  expect(message('{"syscalls": []}')).toContain("p.json: defaultAction: ");
  const withRule = (rule: object) => JSON.stringify({ defaultAction: "A", syscalls: [rule] });
  expect(message(withRule({ names: "read", action: "A" }))).toContain("syscalls.0.names: ");
  const huge = { index: 0, value: 2 ** 60, op: "SCMP_CMP_EQ" };
  expect(message(withRule({ names: ["read"], action: "A", args: [huge] }))).toContain(
    "syscalls.0.args.0.value: a number above 2^53",
  );
  for (const text of Array.from({ length: 40 }, (_, i) => withRule(huge).slice(0, i)))
    expect(message(text)).not.toBe("");
});

const podman = "/usr/share/containers/seccomp.json";
if (!existsSync(podman)) console.error(`podman's profile is not compiled: no ${podman}`);
test.skipIf(!existsSync(podman))(`podman's own profile compiles (${podman})`, () => {
  const profile = parseSeccompProfile(readFileSync(podman, "utf8"), context, podman);
  const filter = compileSeccomp(profile, "x86_64");
  const verdict = (name: "read" | "bpf" | "io_uring_setup") =>
    simulate(filter, { nr: syscallNumber(name, "x86_64"), arch: "x86_64" });
  expect(verdict("read")).toBe(seccompReturns.ALLOW);
  expect(verdict("bpf")).toBe(seccompReturns.ERRNO | 1);
  expect(verdict("io_uring_setup")).toBe(seccompReturns.ERRNO | 38);
});
