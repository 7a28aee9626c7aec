import { FFIType } from "bun:ffi";
import { readdirSync, readFileSync } from "node:fs";
import { bits } from "../../abi/flags.ts";
import { cloneFlags, type CloneFlag } from "../../abi/sched.ts";
import { SIGCHLD } from "../program.ts";
import { errno, openLibc, tryCall } from "../../linux/libc.ts";

const MADV_DOFORK = 11;

const libc = openLibc({
  fork: { args: [], returns: FFIType.i32 },
  madvise: { args: [FFIType.u64, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
});

/**
 * fork(2) for a process that runs JavaScript, on two conditions, which {@link prepareFork} sees to. Returns the child's
 * pid in the parent and 0 in the child, or minus the error number. Into new namespaces it is clone(2), without the C
 * library: its wrapper wants a function, and a stack for it.
 */
export function fork(namespaces: readonly CloneFlag[] = []): number {
  if (namespaces.length)
    return tryCall("clone", bits(cloneFlags, namespaces) + SIGCHLD, 0, 0, 0, 0);
  const pid = libc.fork();
  return pid === -1 ? -errno() : pid;
}

/**
 * The child has only the thread that called fork(2). A lock that another thread held at that moment stays locked in the
 * child for ever, so there may be no other thread. And the child needs all of the parent's memory: JavaScriptCore keeps
 * the code that it compiles out of children (MADV_DONTFORK), and the child would die of SIGSEGV at its first call.
 */
export function prepareFork(): void {
  const threads = readdirSync("/proc/self/task").map((tid) =>
    readFileSync(`/proc/self/task/${tid}/comm`, "utf8").trim(),
  );
  if (threads.length > 1)
    throw new Error(`cannot fork: this process has more threads than one: ${threads.join(", ")}`);
  for (const [start, end] of unforked(readFileSync("/proc/self/smaps", "latin1")))
    libc.madvise(start, end - start, MADV_DOFORK);
}

/** The mappings that a child would lack: "dc" among the VmFlags of proc_pid_smaps(5). */
export function unforked(smaps: string): [start: bigint, end: bigint][] {
  const found: [bigint, bigint][] = [];
  let range: [bigint, bigint] = [0n, 0n];
  for (const line of smaps.split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (head) range = [BigInt(`0x${head[1]}`), BigInt(`0x${head[2]}`)];
    else if (/^VmFlags:.* dc( |$)/.test(line)) found.push(range);
  }
  return found;
}
