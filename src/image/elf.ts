import type { Arch } from "../abi/syscall.ts";

const machines: Record<Arch, number> = { x86_64: 62, aarch64: 183 };
const PT_INTERP = 3;

/**
 * Whether a file's first bytes are those of a 64-bit ELF program for `arch` that needs no dynamic loader: none of its
 * program headers asks for one (elf(5)).
 */
export function isStaticProgram(file: Uint8Array, arch: Arch): boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || view.getUint8(4) !== 2) return false;
  if (view.getUint16(18, true) !== machines[arch]) return false;
  const start = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count === 0 || size < 56 || start + size * count > file.length) return false;
  for (let i = 0; i < count; i++)
    if (view.getUint32(start + i * size, true) === PT_INTERP) return false;
  return true;
}
