/** Classic BPF, the instructions that seccomp's and the bridge's filters need (linux/bpf_common.h, the kernel's networking/filter.rst). */
export const bpf = {
  /** A = the 32-bit word at k: of a frame in network order, of seccomp's data in the machine's. */
  load: 0x20,
  /** A = the 16-bit word at k, of a frame. */
  loadHalf: 0x28,
  /** A = the frame's length. */
  loadLength: 0x80,
  /** A &= k. */
  and: 0x54,
  jump: 0x05,
  equal: 0x15,
  greater: 0x25,
  greaterOrEqual: 0x35,
  return: 0x06,
} as const;

/** struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. */
export const sockFilterSize = 8;

/** A place in the program, counted from its end. */
export type Label = number;

const FARTHEST = 255; // jt and jf are bytes

/**
 * Writes a program from its last instruction to its first. BPF jumps only forwards, so every target has been written when a
 * jump to it is, its distance is known, and one that does not fit a byte gets a long jump of its own.
 * Each method returns the label of what it wrote: what comes before in the program is written after.
 */
export class BpfWriter {
  // Two words an instruction, last instruction first.
  readonly #words: number[] = [];
  readonly #returns = new Map<number, Label>();
  #length = 0;

  /** Instructions so far. */
  get length(): number {
    return this.#length;
  }

  /** `return k`. One that is near is used again. */
  return(k: number): Label {
    const known = this.#returns.get(k);
    if (known !== undefined && this.#length - known < FARTHEST) return known;
    const label = this.#add(bpf.return, 0, 0, k);
    this.#returns.set(k, label);
    return label;
  }

  /** `A = word at offset`, then on to `next`. */
  load(offset: number, next: Label): Label {
    this.#follow(next);
    return this.#add(bpf.load, 0, 0, offset);
  }

  /** `A = half a word at offset`, then on to `next`. */
  loadHalf(offset: number, next: Label): Label {
    this.#follow(next);
    return this.#add(bpf.loadHalf, 0, 0, offset);
  }

  /** `A = length`, then on to `next`. */
  loadLength(next: Label): Label {
    this.#follow(next);
    return this.#add(bpf.loadLength, 0, 0, 0);
  }

  /** `A &= k`, then on to `next`. */
  and(k: number, next: Label): Label {
    this.#follow(next);
    return this.#add(bpf.and, 0, 0, k);
  }

  /** `if (A ? k) goto yes; else goto no`, unsigned. */
  branch(test: "equal" | "greater" | "greaterOrEqual", k: number, yes: Label, no: Label): Label {
    if (yes === no) return yes;
    // A long jump for the one may push the other out of reach: reckon with the two of them.
    const far = (label: Label): boolean => this.#length - label + 1 > FARTHEST;
    const jumpYes = far(yes) ? this.#jump(yes) : yes;
    const jumpNo = far(no) ? this.#jump(no) : no;
    const at = this.#length;
    return this.#add(bpf[test], at - jumpYes - 1, at - jumpNo - 1, k);
  }

  /** The program as the kernel takes it. */
  bytes(): Uint8Array {
    const words = this.#words;
    const program = new Uint32Array(new ArrayBuffer(words.length * 4));
    for (let i = 0; i < words.length; i += 2) {
      program[words.length - 2 - i] = words[i]!;
      program[words.length - 1 - i] = words[i + 1]!;
    }
    return new Uint8Array(program.buffer);
  }

  #follow(next: Label): void {
    if (next !== this.#length - 1) this.#jump(next);
  }

  #jump(to: Label): Label {
    return this.#add(bpf.jump, 0, 0, this.#length - to - 1);
  }

  #add(code: number, jt: number, jf: number, k: number): Label {
    this.#words.push(code | (jt << 16) | (jf << 24), k);
    return this.#length++;
  }
}
