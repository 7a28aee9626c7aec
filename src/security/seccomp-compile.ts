import { auditArchs } from "../abi/audit.ts";
import { BpfWriter, type Label } from "../abi/bpf.ts";
import { errnos } from "../abi/errno.ts";
import { invalid } from "../abi/error.ts";
import { BPF_MAXINSNS, seccompData, seccompReturns, X32_SYSCALL_BIT } from "../abi/seccomp.ts";
import { syscalls, type Arch, type SyscallName } from "../abi/syscall.ts";
import type { Seccomp } from "../oci/runtime-spec.ts";
import { isStricter, refuses, returnValue, severity } from "./seccomp-actions.ts";
import { alternativesOf, writeCondition, type Condition } from "./seccomp-conditions.ts";

/** An action and when: where all conditions of one of the alternatives hold. */
type Rule = { value: number; alternatives: readonly (readonly Condition[])[] };

const ENOSYS = seccompReturns.ERRNO | errnos.ENOSYS;

/**
 * Compiles a profile to the program that seccomp(2) takes: struct sock_filter[], eight bytes each.
 *
 *     a call by another architecture's door → the process is killed
 *     x32's calls (x86-64)                  → ENOSYS, as most kernels answer them
 *     binary search for the call's number:
 *       a call that rules name              → the strictest action of the rules that match
 *       a call newer than the whole profile → ENOSYS, as in runc: EPERM would keep a C library from falling back
 *       any other                           → the default action
 *
 * Where rules contradict each other the strictest wins, whatever their order, as the kernel decides between filters
 * (seccomp(2)); libseccomp's choice depends on the shape of the conditions.
 * Names that this architecture lacks are passed over, as in runc. 32-bit programs are not served, even where the profile's
 * `architectures` lists them: their calls have other numbers.
 * @throws INVALID for an action, an operator or an argument that makes no sense, and for a program that is too long
 */
export function compileSeccomp(profile: Seccomp, arch: Arch): Uint8Array {
  const writer = new BpfWriter();
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const byNumber = decisionsByNumber(profile, arch);
  const verdicts = new Verdicts();
  for (let number = 0; number < byNumber.length; number++)
    verdicts.from(number, verdictOf(writer, byNumber[number], fallback));
  const newer = byNumber.length > 0 && refuses(fallback) ? ENOSYS : fallback;
  verdicts.from(byNumber.length, newer);
  if (arch === "x86_64") verdicts.from(X32_SYSCALL_BIT, ENOSYS);

  const search = writer.load(seccompData.nr, writeSearch(writer, verdicts));
  const kill = writer.return(seccompReturns.KILL_PROCESS);
  writer.load(seccompData.arch, writer.branch("equal", auditArchs[arch], search, kill));
  if (writer.length > BPF_MAXINSNS)
    throw invalid(
      `the seccomp profile makes ${writer.length} instructions, and the kernel takes ${BPF_MAXINSNS}`,
      "give it fewer rules with conditions",
    );
  return writer.bytes();
}

/** What a profile says of one call: rules with conditions, and the strictest of those without. */
type Decision = { rules: Rule[]; always: number | undefined };

/** The index is the number of the call. */
function decisionsByNumber(profile: Seccomp, arch: Arch): (Decision | undefined)[] {
  const column = arch === "x86_64" ? 0 : 1;
  const table: (Decision | undefined)[] = [];
  for (const { names, action, errnoRet, args } of profile.syscalls ?? []) {
    const value = returnValue(action, errnoRet);
    const alternatives = args?.length ? alternativesOf(args) : undefined;
    for (const name of names) {
      const number = Object.hasOwn(syscalls, name) ? syscalls[name as SyscallName][column] : -1;
      if (number < 0) continue;
      const decision = (table[number] ??= { rules: [], always: undefined });
      if (alternatives) decision.rules.push({ value, alternatives });
      else if (isStricter(value, decision.always)) decision.always = value;
    }
  }
  return table;
}

/** A return value, or where the conditions are tested. */
type Verdict = number | { tests: Label };

function verdictOf(writer: BpfWriter, decision: Decision | undefined, fallback: number): Verdict {
  if (!decision) return fallback;
  const { always } = decision;
  const rules = decision.rules
    .filter(({ value }) => isStricter(value, always))
    .sort((a, b) => severity(a.value) - severity(b.value));
  const otherwise = always ?? fallback;
  if (rules.length === 0) return otherwise;
  // From the last test to the first: each goes on to the one after it.
  const tests = rules.reduceRight((next, { value, alternatives }) => {
    const matched = writer.return(value);
    return alternatives.reduceRight(
      (no, conditions) =>
        conditions.reduceRight((yes, one) => writeCondition(writer, one, yes, no), matched),
      next,
    );
  }, writer.return(otherwise));
  return { tests };
}

/** Verdicts on ranges of numbers: each holds from its start to the next one's. */
class Verdicts {
  readonly starts: number[] = [];
  readonly verdicts: Verdict[] = [];
  #last: Verdict | undefined;

  from(start: number, verdict: Verdict): void {
    if (verdict === this.#last) return;
    this.#last = verdict;
    this.starts.push(start);
    this.verdicts.push(verdict);
  }
}

/** A balanced tree of comparisons: nine at most for the 460 calls there are, where a list would take hundreds. */
function writeSearch(
  writer: BpfWriter,
  ranges: Verdicts,
  first = 0,
  end = ranges.starts.length,
): Label {
  if (end - first === 1) {
    const verdict = ranges.verdicts[first]!;
    return typeof verdict === "number" ? writer.return(verdict) : verdict.tests;
  }
  const middle = (first + end) >> 1;
  const above = writeSearch(writer, ranges, middle, end);
  const below = writeSearch(writer, ranges, first, middle);
  return writer.branch("greaterOrEqual", ranges.starts[middle]!, above, below);
}
