import { auditArchs } from "../../../src/abi/audit.ts";
import { bpf, sockFilterSize } from "../../../src/abi/bpf.ts";
import { argumentWords, seccompData } from "../../../src/abi/seccomp.ts";
import type { Arch } from "../../../src/abi/syscall.ts";

/** A system call as a filter sees it. `arch` may be a number, for a door that is not ours. */
export type Call = { nr: number; arch: Arch | number; args?: readonly (number | bigint)[] };

/**
 * Runs a filter as the kernel would (networking/filter.rst), our own and libseccomp's alike; the return value.
 */
export function simulate(filter: Uint8Array, call: Call): number {
  const data = seccompDataOf(call);
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  let a = 0;
  for (let at = 0; at < filter.length / sockFilterSize; at++) {
    const code = program.getUint16(at * sockFilterSize, true);
    const k = program.getUint32(at * sockFilterSize + 4, true);
    const jump = (taken: boolean): void => {
      at += program.getUint8(at * sockFilterSize + (taken ? 2 : 3));
    };
    if (code === bpf.load) a = data.getUint32(k, true);
    else if (code === bpf.and) a = (a & k) >>> 0;
    else if (code === bpf.jump) at += k;
    else if (code === bpf.equal) jump(a === k);
    else if (code === bpf.greater) jump(a > k);
    else if (code === bpf.greaterOrEqual) jump(a >= k);
    else if (code === bpf.return) return k;
    else throw new Error(`instruction ${at}: code 0x${code.toString(16)} is not one we know`);
  }
  throw new Error("the program ran past its end");
}

function seccompDataOf({ nr, arch, args = [] }: Call): DataView {
  const data = new DataView(new ArrayBuffer(seccompData.size));
  data.setUint32(seccompData.nr, nr >>> 0, true);
  data.setUint32(seccompData.arch, typeof arch === "number" ? arch : auditArchs[arch], true);
  for (const [index, value] of args.entries())
    data.setBigUint64(argumentWords(index).low, BigInt.asUintN(64, BigInt(value)), true);
  return data;
}
