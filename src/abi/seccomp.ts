/** What a filter's return value makes the kernel do (linux/seccomp.h); the low 16 bits are data. */
export const seccompReturns = {
  KILL_PROCESS: 0x80000000,
  KILL_THREAD: 0x00000000,
  TRAP: 0x00030000,
  ERRNO: 0x00050000,
  TRACE: 0x7ff00000,
  LOG: 0x7ffc0000,
  ALLOW: 0x7fff0000,
} as const;

/** struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6]. What a filter can look at. */
export const seccompData = { size: 64, nr: 0, arch: 4, args: 16 } as const;

/** Where the halves of argument `index` are; both architectures are little-endian. */
export const argumentWords = (index: number): { low: number; high: number } => {
  const low = seccompData.args + 8 * index;
  return { low, high: low + 4 };
};

/** Set in the number of a call by x86-64's x32 ABI, which shares AUDIT_ARCH_X86_64 (asm/unistd.h). */
export const X32_SYSCALL_BIT = 0x40000000;

/** The longest program that the kernel takes (BPF_MAXINSNS, linux/bpf_common.h). */
export const BPF_MAXINSNS = 4096;
