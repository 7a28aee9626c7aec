import { errnos } from "../abi/errno.ts";
import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { seccompReturns } from "../abi/seccomp.ts";

/** The specification's actions (config-linux.md, "Seccomp"); `data`: takes `errnoRet`. */
const actions: Readonly<Record<string, { value: number; data?: true }>> = {
  SCMP_ACT_ALLOW: { value: seccompReturns.ALLOW },
  SCMP_ACT_ERRNO: { value: seccompReturns.ERRNO, data: true },
  SCMP_ACT_KILL: { value: seccompReturns.KILL_THREAD },
  SCMP_ACT_KILL_THREAD: { value: seccompReturns.KILL_THREAD },
  SCMP_ACT_KILL_PROCESS: { value: seccompReturns.KILL_PROCESS },
  SCMP_ACT_TRAP: { value: seccompReturns.TRAP },
  SCMP_ACT_TRACE: { value: seccompReturns.TRACE, data: true },
  SCMP_ACT_LOG: { value: seccompReturns.LOG },
};

const MAX_ERRNO = 4095; // the kernel cuts off what is above (linux/err.h)

/** What a filter returns for an action; `errnoRet` is EPERM where it is left out, as in runc. */
export function returnValue(action: string, errnoRet: number = errnos.EPERM): number {
  if (action === "SCMP_ACT_NOTIFY")
    throw invalid(
      "SCMP_ACT_NOTIFY in a seccomp profile needs a program that answers, and kontener starts none",
      "use SCMP_ACT_ERRNO, SCMP_ACT_LOG or SCMP_ACT_TRACE",
    );
  const known = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!known)
    throw invalid(
      `“${action}” is not an action of a seccomp profile`,
      `did you mean ${nearest(action, Object.keys(actions), 1)[0] ?? Object.keys(actions).join(", ")}?`,
    );
  if (!known.data) return known.value;
  if (!Number.isInteger(errnoRet) || errnoRet < 0 || errnoRet > MAX_ERRNO)
    throw invalid(`errnoRet ${errnoRet} in a seccomp profile is not an error number`, "0 to 4095");
  return known.value | errnoRet;
}

/** Whether an action keeps a call from happening; a tracer is taken to look after its calls itself, as in runc. */
export function refuses(value: number): boolean {
  const action = (value & 0xffff0000) >>> 0;
  return (
    action !== seccompReturns.ALLOW &&
    action !== seccompReturns.LOG &&
    action !== seccompReturns.TRACE
  );
}

/** The kernel's order of actions, the strictest first: the upper half as a signed number (seccomp(2), kernel/seccomp.c). */
export const severity = (value: number): number => (value & 0xffff0000) | 0;

/** Whether a rule's return value beats that of a rule that came before it. */
export const isStricter = (value: number, than: number | undefined): boolean =>
  than === undefined || severity(value) < severity(than);
