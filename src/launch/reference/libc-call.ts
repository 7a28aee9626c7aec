import { FFIType, ptr } from "bun:ffi";
import { archOf, syscallNumber } from "../../abi/syscall.ts";
import { cstring, errno, memory, openLibc } from "../../linux/libc.ts";
import { signatures, type CallName, type Kind } from "../../plan/signatures.ts";
import type { Call } from "../../plan/step.ts";
import { lower, type Lowered } from "../arguments.ts";

/** Those of the plan's calls that glibc and musl, also older ones, have under their own names. */
const wrapped = [
  "capset",
  "chdir",
  "close",
  "dup3",
  "execve",
  "fchdir",
  "fchownat",
  "ioctl",
  "mkdirat",
  "mount",
  "openat",
  "prctl",
  "setdomainname",
  "setgroups",
  "sethostname",
  "setns",
  "setresgid",
  "setresuid",
  "setsid",
  "socket",
  "symlinkat",
  "umask",
  "umount2",
  "unlinkat",
  "unshare",
  "write",
] as const satisfies readonly CallName[];

const i64 = FFIType.i64_fast;
const functions = openLibc(
  Object.fromEntries(
    wrapped.map((name) => [
      name,
      { args: Object.keys(signatures[name]).map(() => i64), returns: FFIType.i32 },
    ]),
  ),
) as Record<string, (...args: number[]) => number>;

/** The others have no wrapper, or one of another meaning: pivot_root, mount_setattr, rt_sigprocmask … */
const { syscall } = openLibc({
  syscall: { args: [i64, i64, i64, i64, i64, i64, i64], returns: i64 },
});

const arch = archOf(process.arch);
/** What arguments point to stays: this process lives for one birth. */
const kept: Uint8Array[] = [];

/**
 * Makes one of the plan's calls as a C program would: by the C library's function, or by syscall(2) where it has none.
 * Returns the result, or minus the error number. `fd` looks up a stored descriptor.
 */
export function libcCall(step: Call, fd: (name: string) => number): number {
  const parameters = Object.entries(signatures[step.call]) as [string, Kind][];
  const fields = step as unknown as Record<string, unknown>;
  const args = parameters.map(([name, kind]) => word(lower(kind, fields[name], arch, fd)));
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
  const result =
    functions[step.call]?.(...args) ??
    Number(syscall(syscallNumber(step.call, arch), a, b, c, d, e, 0));
  return result === -1 ? -errno() : result;
}

/** An argument as it goes into a register: a number, or the address of memory. */
function word(value: Lowered): number {
  if (typeof value === "number") return value;
  if (value === null) return 0;
  if (typeof value === "string") return address(cstring(value));
  if (value instanceof Uint8Array) return address(value);
  if ("strings" in value) return address(pointers([...value.strings.map(word), 0]));
  // struct sock_fprog: the number of instructions, and where they are.
  return address(pointers([value.filter.length / 8, word(value.filter)]));
}

function address(bytes: Uint8Array): number {
  const copy = memory(bytes.length);
  copy.set(bytes);
  kept.push(copy);
  return copy.length ? ptr(copy) : 0;
}

const pointers = (values: number[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);
