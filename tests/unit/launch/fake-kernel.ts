import { syscalls, type Arch, type SyscallName } from "../../../src/abi/syscall.ts";
import { BASE, HEADER, ROOM, STEP } from "../../../src/launch/memory.ts";

/**
 * The launcher's interpreter once more, in TypeScript and with a kernel that the test plays: what a table does can then be
 * seen without doing it. `kernel` gets each call by name and returns its result, or minus an error number.
 */
export class FakeLauncher {
  readonly memory = new Uint8Array(ROOM);
  readonly view = new DataView(this.memory.buffer);
  readonly #names: ReadonlyMap<number, SyscallName>;

  constructor(table: Uint8Array, arch: Arch) {
    this.memory.set(table);
    const column = arch === "x86_64" ? 0 : 1;
    this.#names = new Map(
      Object.entries(syscalls).map(([name, nr]) => [nr[column], name as SyscallName]),
    );
  }

  /** Runs until exit_group or execve succeeds; the calls made, in order. */
  run(kernel: (call: FakeCall) => number): FakeCall[] {
    const made: FakeCall[] = [];
    for (let at = HEADER; made.length < 10_000;) {
      const call = this.#call(at);
      made.push(call);
      const result = kernel(call);
      if (call.name === "exit_group" || (call.name === "execve" && result === 0)) return made;
      this.view.setBigInt64(call.store, BigInt(result), true);
      const ignored = result < 0 && (call.ignore >> BigInt(-result % 64)) & 1n;
      if (result > 0 || ignored) at = call.jump || at + STEP;
      else if (result === 0 && !call.nonzero) at += STEP;
      else {
        this.view.setUint32(4, at, true);
        this.view.setBigInt64(8, BigInt(result), true);
        at = this.view.getUint32(32, true);
      }
    }
    throw new Error("the table does not end");
  }

  /** The text at an address. */
  text(address: number): string {
    const start = address - BASE;
    return new TextDecoder().decode(this.memory.subarray(start, this.memory.indexOf(0, start)));
  }

  bytes(address: number, size: number): Uint8Array {
    return this.memory.slice(address - BASE, address - BASE + size);
  }

  /** The texts that a list of addresses points to. */
  texts(address: number): string[] {
    const found: string[] = [];
    for (let at = address - BASE; ; at += 8) {
      const pointer = Number(this.view.getBigUint64(at, true));
      if (pointer === 0) return found;
      found.push(this.text(pointer));
    }
  }

  /** What the kernel stores at an address, as an int. */
  setInt(address: number, value: number): void {
    this.view.setInt32(address - BASE, value, true);
  }

  #call(at: number): FakeCall {
    const { view } = this;
    const nr = view.getUint16(at, true);
    const name = this.#names.get(nr);
    if (!name) throw new Error(`no system call has the number ${nr}`);
    return {
      name,
      at,
      nonzero: (view.getUint16(at + 2, true) & 2) !== 0,
      jump: view.getUint32(at + 4, true),
      store: view.getUint32(at + 8, true),
      args: [0, 1, 2, 3, 4, 5].map((k) => Number(view.getBigInt64(at + 16 + 8 * k, true))),
      ignore: view.getBigUint64(at + 64, true),
    };
  }
}

export type FakeCall = {
  name: SyscallName;
  /** The step's offset in the table. */
  at: number;
  nonzero: boolean;
  jump: number;
  store: number;
  args: number[];
  ignore: bigint;
};
