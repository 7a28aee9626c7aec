import { expect, test } from "bun:test";
import fc from "fast-check";
import { syscallNumber } from "../../../src/abi/syscall.ts";
import type { Seccomp } from "../../../src/oci/runtime-spec.ts";
import { returnValue, severity } from "../../../src/security/seccomp-actions.ts";
import { compileSeccomp } from "../../../src/security/seccomp-compile.ts";
import type { Condition } from "../../../src/security/seccomp-conditions.ts";
import { callNames, fewArguments, ruleOf } from "./profiles.ts";
import { simulate } from "./simulate.ts";

const big = BigInt;
const holds: Record<string, (argument: bigint, condition: Condition) => boolean> = {
  SCMP_CMP_NE: (argument, { value }) => argument !== big(value),
  SCMP_CMP_LT: (argument, { value }) => argument < big(value),
  SCMP_CMP_LE: (argument, { value }) => argument <= big(value),
  SCMP_CMP_EQ: (argument, { value }) => argument === big(value),
  SCMP_CMP_GE: (argument, { value }) => argument >= big(value),
  SCMP_CMP_GT: (argument, { value }) => argument > big(value),
  SCMP_CMP_MASKED_EQ: (argument, { value, valueTwo = 0 }) =>
    (argument & big(value)) === (big(valueTwo) & big(value)),
};

/** What a profile means, read off the specification: 64-bit comparisons, and the strictest rule that matches. */
function meaning(profile: Seccomp, name: string, args: readonly number[]): number {
  const matching = profile
    .syscalls!.filter(({ names }) => names.includes(name))
    .filter((rule) => rule.args!.every((one) => holds[one.op]!(big(args[one.index]!), one)))
    .map(({ action }) => returnValue(action))
    .sort((a, b) => severity(a) - severity(b));
  return matching[0] ?? returnValue(profile.defaultAction);
}

test("a compiled profile means what the profile says, for any rules, however they overlap", () => {
  const actions = ["ALLOW", "ERRNO", "TRAP", "TRACE", "KILL_THREAD", "KILL_PROCESS"];
  const rule = ruleOf(actions.map((action) => `SCMP_ACT_${action}`));
  const rules = fc.array(rule, { maxLength: 8 });
  fc.assert(
    fc.property(rules, fc.array(fewArguments, { minLength: 5 }), (syscalls, lists) => {
      const profile = { defaultAction: "SCMP_ACT_LOG", syscalls };
      for (const arch of ["x86_64", "aarch64"] as const) {
        const filter = compileSeccomp(profile, arch);
        for (const args of lists)
          for (const name of callNames) {
            const verdict = simulate(filter, { nr: syscallNumber(name, arch), arch, args });
            expect(verdict).toBe(meaning(profile, name, args));
          }
      }
    }),
    { numRuns: 2000 },
  );
});
