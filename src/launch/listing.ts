import type { Arch } from "../abi/syscall.ts";

/**
 * The launcher's interpreter, instruction by instruction: it needs no stack, no libc and no thread-local storage. A line
 * is the instruction's text and its bytes; a branch names a label and has its distance filled in. A test holds the bytes
 * against a disassembler.
 *
 * x86-64: rbp is the table's address, rbx the step's. arm64: x12 and x13.
 */
type Line = { text: string; code: readonly number[]; to?: string } | { label: string };

const op = (text: string, ...code: number[]): Line => ({ text, code });
const branch = (text: string, code: number, to: string): Line => ({ text, code: [code], to });
const label = (name: string): Line => ({ label: name });

const x86_64: readonly Line[] = [
  op("mov ebp,0x500200", 0xbd, 0x00, 0x02, 0x50, 0x00),
  op("lea rbx,[rbp+0x40]", 0x48, 0x8d, 0x5d, 0x40), // the first step
  label("step"),
  op("movzx eax,WORD PTR [rbx]", 0x0f, 0xb7, 0x03),
  op("mov rdi,QWORD PTR [rbx+0x10]", 0x48, 0x8b, 0x7b, 0x10),
  op("mov rsi,QWORD PTR [rbx+0x18]", 0x48, 0x8b, 0x73, 0x18),
  op("mov rdx,QWORD PTR [rbx+0x20]", 0x48, 0x8b, 0x53, 0x20),
  op("mov r10,QWORD PTR [rbx+0x28]", 0x4c, 0x8b, 0x53, 0x28),
  op("mov r8,QWORD PTR [rbx+0x30]", 0x4c, 0x8b, 0x43, 0x30),
  op("mov r9,QWORD PTR [rbx+0x38]", 0x4c, 0x8b, 0x4b, 0x38),
  op("syscall", 0x0f, 0x05),
  op("cmp rax,0xfffffffffffffffc", 0x48, 0x83, 0xf8, 0xfc), // EINTR: once more
  branch("je step", 0x74, "step"),
  op("mov ecx,DWORD PTR [rbx+0x8]", 0x8b, 0x4b, 0x08),
  op("mov QWORD PTR [rbp+rcx*1+0x0],rax", 0x48, 0x89, 0x44, 0x0d, 0x00), // store
  op("test rax,rax", 0x48, 0x85, 0xc0),
  branch("js failed", 0x78, "failed"),
  branch("je zero", 0x74, "zero"),
  label("taken"),
  op("mov ecx,DWORD PTR [rbx+0x4]", 0x8b, 0x4b, 0x04),
  op("test ecx,ecx", 0x85, 0xc9),
  branch("jne jump", 0x75, "jump"),
  label("next"),
  op("add rbx,0x48", 0x48, 0x83, 0xc3, 0x48),
  branch("jmp step", 0xeb, "step"),
  label("zero"),
  op("test BYTE PTR [rbx+0x2],0x2", 0xf6, 0x43, 0x02, 0x02), // NONZERO
  branch("je next", 0x74, "next"),
  branch("jmp fail", 0xeb, "fail"),
  label("failed"),
  op("mov rcx,rax", 0x48, 0x89, 0xc1),
  op("neg rcx", 0x48, 0xf7, 0xd9),
  op("mov rdx,QWORD PTR [rbx+0x40]", 0x48, 0x8b, 0x53, 0x40),
  op("bt rdx,rcx", 0x48, 0x0f, 0xa3, 0xca), // an ignored error counts as a result
  branch("jb taken", 0x72, "taken"),
  label("fail"),
  op("mov ecx,ebx", 0x89, 0xd9),
  op("sub ecx,ebp", 0x29, 0xe9),
  op("mov DWORD PTR [rbp+0x4],ecx", 0x89, 0x4d, 0x04), // which step
  op("mov QWORD PTR [rbp+0x8],rax", 0x48, 0x89, 0x45, 0x08), // why
  op("mov ecx,DWORD PTR [rbp+0x20]", 0x8b, 0x4d, 0x20),
  label("jump"),
  op("lea rbx,[rbp+rcx*1+0x0]", 0x48, 0x8d, 0x5c, 0x0d, 0x00),
  branch("jmp step", 0xeb, "step"),
];

const aarch64: readonly Line[] = [
  op("mov x12, #0x500000", 0xd2a00a0c),
  op("add x12, x12, #0x200", 0x9108018c),
  op("add x13, x12, #0x40", 0x9101018d),
  label("step"),
  op("ldrh w8, [x13]", 0x794001a8),
  op("ldp x0, x1, [x13, #16]", 0xa94105a0),
  op("ldp x2, x3, [x13, #32]", 0xa9420da2),
  op("ldp x4, x5, [x13, #48]", 0xa94315a4),
  op("svc #0x0", 0xd4000001),
  op("cmn x0, #0x4", 0xb100101f),
  branch("b.eq step", 0x54000000, "step"),
  op("ldp w10, w11, [x13, #4]", 0x2940adaa),
  op("str x0, [x12, x11]", 0xf82b6980),
  branch("tbnz x0, #63, failed", 0xb7f80000, "failed"),
  branch("cbz x0, zero", 0xb4000000, "zero"),
  label("taken"),
  branch("cbnz w10, jump", 0x3500000a, "jump"),
  label("next"),
  op("add x13, x13, #0x48", 0x910121ad),
  branch("b step", 0x14000000, "step"),
  label("zero"),
  op("ldrh w9, [x13, #2]", 0x794005a9),
  branch("tbz w9, #1, next", 0x36080009, "next"),
  branch("b fail", 0x14000000, "fail"),
  label("failed"),
  op("neg x9, x0", 0xcb0003e9),
  op("ldr x14, [x13, #64]", 0xf94021ae),
  op("lsr x14, x14, x9", 0x9ac925ce),
  branch("tbnz w14, #0, taken", 0x3700000e, "taken"),
  label("fail"),
  op("sub w9, w13, w12", 0x4b0c01a9),
  op("str w9, [x12, #4]", 0xb9000589),
  op("str x0, [x12, #8]", 0xf9000580),
  op("ldr w10, [x12, #32]", 0xb940218a),
  label("jump"),
  op("add x13, x12, x10", 0x8b0a018d),
  branch("b step", 0x14000000, "step"),
];

export const listings: Record<Arch, readonly Line[]> = { x86_64, aarch64 };

/** The listing's bytes. */
export function assemble(arch: Arch): Uint8Array {
  const lines = listings[arch];
  const arm = arch === "aarch64";
  const places = new Map<string, number>();
  let size = 0;
  for (const line of lines) {
    if ("label" in line) places.set(line.label, size);
    else size += arm ? 4 : line.code.length + (line.to ? 1 : 0);
  }
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const line of lines) {
    if ("label" in line) continue;
    const distance = line.to ? places.get(line.to)! - at : 0;
    if (arm) {
      view.setUint32(at, line.to ? armBranch(line.code[0]!, distance / 4) : line.code[0]!, true);
      at += 4;
      continue;
    }
    bytes.set(line.code, at);
    at += line.code.length;
    if (line.to) view.setInt8(at++, distance - 2); // counted from the end of the two-byte instruction
  }
  return bytes;
}

/** Where each kind of branch has its distance, in instructions (Arm ARM, C6.2). */
function armBranch(code: number, distance: number): number {
  const kind = code >>> 24;
  if (kind === 0x14) return (code | (distance & 0x3ffffff)) >>> 0; // b
  if ((kind & 0x7e) === 0x36) return (code | ((distance & 0x3fff) << 5)) >>> 0; // tbz, tbnz
  return (code | ((distance & 0x7ffff) << 5)) >>> 0; // b.cond, cbz, cbnz
}
