/**
 * eBPF, as much as a program on a control group needs: instructions (the kernel's bpf/standardization/instruction-set.rst)
 * and what bpf(2) takes (linux/bpf.h). The other BPF, seccomp's, is in `bpf.ts`.
 */
export type Instruction = {
  op: EbpfOp;
  /** The register that is written or compared. */
  dst?: number;
  src?: number;
  /** Of a load: bytes into the context. Of a jump: instructions that are left out. */
  off?: number;
  imm?: number;
};

export const ebpfOps = {
  /** dst = the 32-bit word at src + off */
  load: 0x61,
  /** dst = imm */
  set: 0xb7,
  /** dst = src, its low half */
  copy: 0xbc,
  /** dst &= imm, its low half */
  and: 0x54,
  /** dst >>= imm, unsigned, its low half */
  shiftRight: 0x74,
  /** if (dst == imm) leave off instructions out */
  skipIfEqual: 0x15,
  skipUnlessEqual: 0x55,
  /** return register 0 */
  exit: 0x95,
} as const;
export type EbpfOp = keyof typeof ebpfOps;

/** struct bpf_insn: u8 code; u8 dst:4, src:4; s16 off; s32 imm. */
export const bpfInstructionSize = 8;

export function encodeEbpf(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(program.length * bpfInstructionSize));
  const view = new DataView(bytes.buffer);
  program.forEach(({ op, dst = 0, src = 0, off = 0, imm = 0 }, i) => {
    const at = i * bpfInstructionSize;
    view.setUint8(at, ebpfOps[op]);
    view.setUint8(at + 1, dst | (src << 4));
    view.setInt16(at + 2, off, true);
    view.setInt32(at + 4, imm, true);
  });
  return bytes;
}

/** struct bpf_cgroup_dev_ctx: what a device program is asked. `access_type` is type | access << 16. */
export const deviceContext = { access_type: 0, major: 4, minor: 8 } as const;
export const deviceTypes = { b: 1, c: 2 } as const; // BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR
export const deviceAccess = { m: 1, r: 2, w: 4 } as const; // BPF_DEVCG_ACC_MKNOD, …_READ, …_WRITE

/** Commands, types and flags of bpf(2). */
export const bpfConstants = {
  BPF_PROG_LOAD: 5,
  BPF_PROG_ATTACH: 8,
  BPF_PROG_TYPE_CGROUP_DEVICE: 15,
  BPF_CGROUP_DEVICE: 6,
  /** Programs of the groups above and below hold as well: what one denies is denied. */
  BPF_F_ALLOW_MULTI: 2,
} as const;

/** union bpf_attr for BPF_PROG_LOAD, up to prog_name: the kernel takes the rest for zeros. Addresses as bun:ffi gives them. */
export function encodeProgramLoad(fields: {
  type: number;
  count: number;
  instructions: number;
  license: number;
  name: string;
}): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(64));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.type, true);
  view.setUint32(4, fields.count, true);
  view.setBigUint64(8, BigInt(fields.instructions), true);
  view.setBigUint64(16, BigInt(fields.license), true);
  bytes.set(new TextEncoder().encode(fields.name.slice(0, 15)), 48); // NUL-terminated, 16 bytes
  return bytes;
}

/** union bpf_attr for BPF_PROG_ATTACH: target_fd, attach_bpf_fd, attach_type, attach_flags. */
export function encodeProgramAttach(...fields: [number, number, number, number]): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(16));
  const view = new DataView(bytes.buffer);
  fields.forEach((value, i) => view.setUint32(4 * i, value, true));
  return bytes;
}
