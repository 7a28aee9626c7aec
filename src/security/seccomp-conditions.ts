import type { BpfWriter, Label } from "../abi/bpf.ts";
import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { argumentWords } from "../abi/seccomp.ts";
import type { SeccompRule } from "../oci/runtime-spec.ts";

export type Condition = NonNullable<SeccompRule["args"]>[number];

type Write = (writer: BpfWriter, condition: Condition, yes: Label, no: Label) => Label;

// An argument has 64 bits and BPF's words have 32: the high half decides, and the low one where the high ones are equal.
const low = (value: number): number => value >>> 0;
const high = (value: number): number => Math.floor(value / 2 ** 32);

const writeEqual: Write = (writer, { index, value }, yes, no) => {
  const at = argumentWords(index);
  const lowHalf = writer.load(at.low, writer.branch("equal", low(value), yes, no));
  return writer.load(at.high, writer.branch("equal", high(value), lowHalf, no));
};

const writeOrder =
  (test: "greater" | "greaterOrEqual"): Write =>
  (writer, { index, value }, yes, no) => {
    const at = argumentWords(index);
    const lowHalf = writer.load(at.low, writer.branch(test, low(value), yes, no));
    const same = writer.branch("equal", high(value), lowHalf, no);
    return writer.load(at.high, writer.branch("greater", high(value), yes, same));
  };

/** `value` is the mask, `valueTwo` what must be left of the argument (config-linux.md); as in libseccomp, inside the mask. */
const writeMasked: Write = (writer, { index, value, valueTwo = 0 }, yes, no) => {
  const at = argumentWords(index);
  const half = (offset: number, mask: number, wanted: number, then: Label): Label => {
    const test = writer.branch("equal", (wanted & mask) >>> 0, then, no);
    return writer.load(offset, writer.and(mask, test));
  };
  const lowHalf = half(at.low, low(value), low(valueTwo), yes);
  return half(at.high, high(value), high(valueTwo), lowHalf);
};

const writeGreater = writeOrder("greater");
const writeGreaterOrEqual = writeOrder("greaterOrEqual");
const not =
  (write: Write): Write =>
  (writer, condition, yes, no) =>
    write(writer, condition, no, yes);

const operators: Readonly<Record<string, Write>> = {
  SCMP_CMP_EQ: writeEqual,
  SCMP_CMP_NE: not(writeEqual),
  SCMP_CMP_GT: writeGreater,
  SCMP_CMP_GE: writeGreaterOrEqual,
  SCMP_CMP_LE: not(writeGreater),
  SCMP_CMP_LT: not(writeGreaterOrEqual),
  SCMP_CMP_MASKED_EQ: writeMasked,
};

/** Writes the test of one condition: on to `yes` where it holds, to `no` where it does not. */
export const writeCondition: Write = (writer, condition, yes, no) =>
  operators[condition.op]!(writer, condition, yes, no);

/**
 * What a rule's conditions mean: alternatives, each a list that must hold altogether. As in runc, conditions on different
 * arguments belong together, and a rule that names an argument twice is as many rules as it has conditions.
 */
export function alternativesOf(args: readonly Condition[]): (readonly Condition[])[] {
  args.forEach(check);
  const indexes = new Set(args.map(({ index }) => index));
  return indexes.size === args.length ? [args] : args.map((condition) => [condition]);
}

function check({ index, op, value, valueTwo = 0 }: Condition): void {
  if (!Object.hasOwn(operators, op)) {
    const near = nearest(op, Object.keys(operators), 1)[0];
    throw invalid(
      `“${op}” is not an operator of a seccomp profile`,
      near ? `did you mean ${near}?` : `there are ${Object.keys(operators).join(", ")}`,
    );
  }
  if (!Number.isInteger(index) || index < 0 || index > 5)
    throw invalid(`argument ${index} in a seccomp profile: a system call has arguments 0 to 5`);
  for (const number of [value, valueTwo])
    if (!Number.isSafeInteger(number) || number < 0)
      throw invalid(
        `the value ${number} in a seccomp profile is not a whole number from 0 to 2^53 - 1`,
        "larger ones lose digits in JSON; write the condition with another operator",
      );
}
