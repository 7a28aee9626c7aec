import type { Arch } from "./syscall.ts";

/**
 * AUDIT_ARCH_* (linux/audit.h): how seccomp names the door that a system call came through: the ELF machine, and the bits
 * for 64-bit and little-endian. A 32-bit program on the same processor comes with another value and other numbers.
 */
export const auditArchs = {
  x86_64: 0xc000003e,
  aarch64: 0xc00000b7,
} as const satisfies Record<Arch, number>;

/** AUDIT_ARCH_I386: `int 0x80` and the compatible entry of x86-64. */
export const AUDIT_ARCH_I386 = 0x40000003;
