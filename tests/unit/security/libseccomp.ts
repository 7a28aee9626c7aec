import { dlopen, FFIType, ptr, type Pointer } from "bun:ffi";
import { closeSync, readFileSync } from "node:fs";
import { auditArchs } from "../../../src/abi/audit.ts";
import type { Arch } from "../../../src/abi/syscall.ts";
import { call, cstring } from "../../../src/linux/libc.ts";
import type { Seccomp } from "../../../src/oci/runtime-spec.ts";
import { returnValue } from "../../../src/security/seccomp-actions.ts";
import { alternativesOf, type Condition } from "../../../src/security/seccomp-conditions.ts";

/*
 * libseccomp, through which docker and podman compile their profiles: a second opinion on our compiler.
 */

const { ptr: address, u32, i32 } = FFIType;
const symbols = {
  seccomp_init: { args: [u32], returns: address },
  seccomp_release: { args: [address], returns: FFIType.void },
  seccomp_arch_native: { args: [], returns: u32 },
  seccomp_arch_add: { args: [address, u32], returns: i32 },
  seccomp_arch_remove: { args: [address, u32], returns: i32 },
  seccomp_syscall_resolve_name: { args: [address], returns: i32 },
  seccomp_rule_add_array: { args: [address, u32, i32, u32, address], returns: i32 },
  seccomp_export_bpf: { args: [address, i32], returns: i32 },
} as const;

function open() {
  try {
    return dlopen("libseccomp.so.2", symbols).symbols;
  } catch {
    return undefined;
  }
}

const library = open();

/** Why there is no second opinion, or undefined where there is one. */
export const missing = library ? undefined : "libseccomp.so.2 is not on this machine";

const UNKNOWN = -1; // __NR_SCMP_ERROR

/** Whether libseccomp has heard of a call: it lags behind the kernel. */
export const knows = (name: string): boolean =>
  library!.seccomp_syscall_resolve_name(ptr(cstring(name))) !== UNKNOWN;

/** libseccomp's program for a profile, with the rules handed over the way runc does (libcontainer/seccomp). */
export function compileWithLibseccomp(profile: Seccomp, arch: Arch): Uint8Array {
  const lib = library!;
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const filter = lib.seccomp_init(fallback) as Pointer;
  try {
    const native = lib.seccomp_arch_native();
    if (native !== auditArchs[arch]) {
      ok("seccomp_arch_add", lib.seccomp_arch_add(filter, auditArchs[arch]));
      ok("seccomp_arch_remove", lib.seccomp_arch_remove(filter, native));
    }
    for (const { names, action, errnoRet, args } of profile.syscalls ?? []) {
      const value = returnValue(action, errnoRet);
      if (value === fallback) continue; // libseccomp refuses those, and runc passes them over
      for (const name of names) {
        const number = lib.seccomp_syscall_resolve_name(ptr(cstring(name)));
        if (number === UNKNOWN) continue;
        for (const conditions of args?.length ? alternativesOf(args) : [[]]) {
          const list = conditions.length ? ptr(encode(conditions)) : null;
          const result = lib.seccomp_rule_add_array(filter, value, number, conditions.length, list);
          ok(`seccomp_rule_add_array(${name})`, result);
        }
      }
    }
    return exported(filter);
  } finally {
    lib.seccomp_release(filter);
  }
}

function exported(filter: Pointer): Uint8Array {
  const fd = call("memfd_create", "filter", 0);
  try {
    ok("seccomp_export_bpf", library!.seccomp_export_bpf(filter, fd));
    return new Uint8Array(readFileSync(`/proc/self/fd/${fd}`));
  } finally {
    closeSync(fd);
  }
}

const operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]; // enum scmp_compare, from 1

/** struct scmp_arg_cmp[]: unsigned arg, int op, u64 datum_a, u64 datum_b. */
function encode(conditions: readonly Condition[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 * conditions.length));
  conditions.forEach(({ index, op, value, valueTwo = 0 }, i) => {
    view.setUint32(24 * i, index, true);
    view.setUint32(24 * i + 4, operators.indexOf(op.replace("SCMP_CMP_", "")) + 1, true);
    view.setBigUint64(24 * i + 8, BigInt(value), true);
    view.setBigUint64(24 * i + 16, BigInt(valueTwo), true);
  });
  return new Uint8Array(view.buffer);
}

function ok(what: string, result: number): void {
  if (result < 0) throw new Error(`${what}: ${result}`);
}
