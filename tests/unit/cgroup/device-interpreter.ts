import { bpfInstructionSize, deviceAccess, deviceTypes, ebpfOps } from "../../../src/abi/ebpf.ts";

export type Question = { type: "b" | "c"; major: number; minor: number; access: string };

/** What the kernel would make of a device program: reads the bytes, not what they were made from. */
export function verdictOf(program: Uint8Array, { type, major, minor, access }: Question): boolean {
  const asked = [..."mrw"].reduce(
    (mask, l) => (access.includes(l) ? mask | deviceAccess[l as "m"] : mask),
    0,
  );
  const context = new Uint32Array([deviceTypes[type] | (asked << 16), major, minor]);
  const registers = Array.from<bigint | undefined>({ length: 11 }); // the verifier: none is read before it is set
  const view = new DataView(program.buffer, program.byteOffset, program.length);
  const get = (register: number): bigint => {
    const value = registers[register];
    if (value === undefined) throw new Error(`register ${register} is read before it is set`);
    return value;
  };
  for (let at = 0; ; at++) {
    if (at * bpfInstructionSize >= program.length) throw new Error("it runs over its end");
    const byte = at * bpfInstructionSize;
    const dst = view.getUint8(byte + 1) & 15;
    const src = view.getUint8(byte + 1) >> 4;
    const off = view.getInt16(byte + 2, true);
    const imm = BigInt(view.getInt32(byte + 4, true));
    const low = (value: bigint): bigint => BigInt.asUintN(32, value);
    switch (view.getUint8(byte)) {
      case ebpfOps.load:
        registers[dst] = BigInt(context[off / 4]!);
        break;
      case ebpfOps.set:
        registers[dst] = imm;
        break;
      case ebpfOps.copy:
        registers[dst] = low(get(src));
        break;
      case ebpfOps.and:
        registers[dst] = low(get(dst)) & low(imm);
        break;
      case ebpfOps.shiftRight:
        registers[dst] = low(get(dst)) >> imm;
        break;
      case ebpfOps.skipIfEqual:
        if (get(dst) === imm) at += off;
        break;
      case ebpfOps.skipUnlessEqual:
        if (get(dst) !== imm) at += off;
        break;
      case ebpfOps.exit:
        return get(0) !== 0n;
      default:
        throw new Error(`instruction ${at} is none that the engine knows`);
    }
  }
}

/** The verifier's first check: an instruction that no path leads to makes it refuse the program. */
export function unreachable(program: Uint8Array): number[] {
  const view = new DataView(program.buffer, program.byteOffset, program.length);
  const count = program.length / bpfInstructionSize;
  const seen = new Set<number>();
  const visit = (at: number): void => {
    if (at >= count) throw new Error("it runs over its end");
    if (seen.has(at)) return;
    seen.add(at);
    const code = view.getUint8(at * bpfInstructionSize);
    if (code === ebpfOps.exit) return;
    visit(at + 1);
    if (code === ebpfOps.skipIfEqual || code === ebpfOps.skipUnlessEqual)
      visit(at + 1 + view.getInt16(at * bpfInstructionSize + 2, true));
  };
  visit(0);
  return Array.from({ length: count }, (_, at) => at).filter((at) => !seen.has(at));
}
