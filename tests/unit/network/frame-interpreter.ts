import { bpf, sockFilterSize } from "../../../src/abi/bpf.ts";

export type Frame = { bytes: Uint8Array; tagged?: boolean };

const VLAN_TAG_PRESENT = 0xfffff030;

/** What the kernel would make of a frame (networking/filter.rst): in network order, and 0 where it is too short. */
export function verdictOf(program: Uint8Array, { bytes, tagged = false }: Frame): number {
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  const frame = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let a = 0;
  for (let at = 0; at < program.length / sockFilterSize; at++) {
    const op = code.getUint16(at * sockFilterSize, true);
    const k = code.getUint32(at * sockFilterSize + 4, true);
    const size = { [bpf.load]: 4, [bpf.loadHalf]: 2 }[op];
    const jump = (taken: boolean): void => {
      at += code.getUint8(at * sockFilterSize + (taken ? 2 : 3));
    };
    if (op === bpf.load && k === VLAN_TAG_PRESENT) a = Number(tagged);
    else if (size !== undefined) {
      if (k + size > bytes.length) return 0;
      a = size === 4 ? frame.getUint32(k) : frame.getUint16(k);
    } else if (op === bpf.loadLength) a = bytes.length;
    else if (op === bpf.and) a = (a & k) >>> 0;
    else if (op === bpf.jump) at += k;
    else if (op === bpf.equal) jump(a === k);
    else if (op === bpf.greaterOrEqual) jump(a >= k);
    else if (op === bpf.return) return k;
    else throw new Error(`instruction ${at}: code 0x${op.toString(16)} is not one we know`);
  }
  throw new Error("the program ran past its end");
}
