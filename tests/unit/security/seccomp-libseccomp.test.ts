import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { capabilities } from "../../../src/abi/capability.ts";
import { errnos } from "../../../src/abi/errno.ts";
import { seccompReturns } from "../../../src/abi/seccomp.ts";
import { syscallNumber, syscalls, type Arch, type SyscallName } from "../../../src/abi/syscall.ts";
import type { Seccomp } from "../../../src/oci/runtime-spec.ts";
import { defaultCapabilities } from "../../../src/security/capabilities.ts";
import { compileSeccomp } from "../../../src/security/seccomp-compile.ts";
import { defaultSeccomp } from "../../../src/security/seccomp-profile.ts";
import { compileWithLibseccomp, knows, missing } from "./libseccomp.ts";
import { callNames, fewArguments, ruleOf } from "./profiles.ts";
import { simulate } from "./simulate.ts";

const archs: Arch[] = ["x86_64", "aarch64"];
const ENOSYS = seccompReturns.ERRNO | errnos.ENOSYS;

/** The default profile without the calls that this libseccomp is too old for. */
function defaultProfile(arch: Arch, add: readonly string[] = []): Seccomp {
  const kernel = [6, 1] as const;
  const profile = defaultSeccomp({ capabilities: [...defaultCapabilities, ...add], arch, kernel });
  const rules = profile.syscalls!.map((rule) => ({ ...rule, names: rule.names.filter(knows) }));
  return { ...profile, syscalls: rules };
}

/** The highest number that a profile names: above it we say ENOSYS, which runc adds to libseccomp's program by itself. */
const newest = ({ syscalls: rules = [] }: Seccomp, arch: Arch): number =>
  Math.max(
    ...rules
      .flatMap(({ names }) => names)
      .filter((name) => Object.hasOwn(syscalls, name))
      .map((name) => syscallNumber(name as SyscallName, arch)),
  );

// Values around those that the profiles compare with, in either half of an argument, and single bits.
const part = fc.oneof(
  fc.integer({ min: 0, max: 50 }).map(BigInt),
  fc.constantFrom(
    0x20000n,
    0x20008n,
    0x7e020000n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 64n - 1n,
  ),
  fc.integer({ min: 0, max: 63 }).map((bit) => 1n << BigInt(bit)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const argument = fc
  .tuple(part, part, fc.constantFrom("plain", "mixed", "high half too"))
  .map(([a, b, how]) => (how === "plain" ? a : how === "mixed" ? a ^ b : a | (b << 32n)));
const argumentLists = fc.array(argument, { minLength: 6, maxLength: 6 });

describe.skipIf(missing !== undefined)(`libseccomp's verdicts (${missing ?? "it is here"})`, () => {
  for (const arch of archs) {
    test(`are ours for every call under the default profile on ${arch}, whatever the capabilities`, () => {
      for (const add of [[], ...capabilities.map((name) => [name]), [...capabilities]]) {
        const profile = defaultProfile(arch, add);
        const ours = compileSeccomp(profile, arch);
        const theirs = compileWithLibseccomp(profile, arch);
        const end = newest(profile, arch);
        for (let nr = 0; nr <= 600; nr++) {
          const expected = nr > end ? ENOSYS : simulate(theirs, { nr, arch });
          if (simulate(ours, { nr, arch }) !== expected)
            throw new Error(
              `call ${nr} with ${add.join()}: libseccomp says 0x${expected.toString(16)}`,
            );
        }
      }
    });

    test(`are ours for the default profile's rules by argument on ${arch}`, () => {
      const profile = defaultProfile(arch);
      const ours = compileSeccomp(profile, arch);
      const theirs = compileWithLibseccomp(profile, arch);
      const ruled = fc.constantFrom("socket", "personality", "clone", "clone3", "read", "bpf");
      fc.assert(
        fc.property(ruled, argumentLists, (name, args) => {
          const call = { nr: syscallNumber(name as SyscallName, arch), arch, args };
          expect(simulate(ours, call)).toBe(simulate(theirs, call));
        }),
        { numRuns: 3000 },
      );
    });
  }

  // One rule for each call: libseccomp 2.5.4 merges several into a tree, and gets some of those wrong. For instance
  // (a0 > 0 and a2 != 0) or (a0 >= 0 and a1 == 1) matches 0, 0, 2^32 + 1. Several rules: seccomp-semantics.test.ts.
  test("are ours for any rule of three conditions", () => {
    fc.assert(
      fc.property(ruleOf(["SCMP_ACT_TRAP"]), fewArguments, (rule, args) => {
        const profile = { defaultAction: "SCMP_ACT_LOG", syscalls: [rule] };
        const ours = compileSeccomp(profile, "x86_64");
        const theirs = compileWithLibseccomp(profile, "x86_64");
        for (const name of callNames) {
          const call = { nr: syscallNumber(name, "x86_64"), arch: "x86_64", args } as const;
          expect(simulate(ours, call)).toBe(simulate(theirs, call));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
