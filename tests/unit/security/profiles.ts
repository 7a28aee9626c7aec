import fc from "fast-check";

/*
 * Profiles and arguments for property tests, from few values of each kind, so that those of rules and of calls meet.
 */

export const callNames = ["read", "mmap", "close_range"] as const;

const few = [0, 1, 2, 3, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 52 + 2];
export const fewArguments = fc.array(fc.constantFrom(...few), { minLength: 3, maxLength: 3 });

const condition = fc.record({
  index: fc.nat(2),
  op: fc
    .constantFrom("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ")
    .map((op) => `SCMP_CMP_${op}`),
  value: fc.constantFrom(...few),
  valueTwo: fc.constantFrom(...few),
});

/** A rule for some of the calls, with up to three conditions, each on an argument of its own. */
export const ruleOf = (actions: readonly string[]) =>
  fc.record({
    names: fc.subarray([...callNames], { minLength: 1 }),
    action: fc.constantFrom(...actions),
    args: fc.uniqueArray(condition, { selector: ({ index }) => index, maxLength: 3 }),
  });
