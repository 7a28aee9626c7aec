import { invalid } from "../abi/error.ts";
import { bits } from "../abi/flags.ts";
import { BASE, HEADER, ROOM, STEP } from "./memory.ts";

const SCRATCH = 40;
const FAILURE_GOTO = 32;

/** The launcher's interpreter treats a result of 0 as a failure: the engine has closed its end. */
export const NONZERO = bits({ NONZERO: 2 }, ["NONZERO"]);

/** 32 bytes for the engine: u32 kind, u32 step, i64 value, and a struct timespec. */
export class Message {
  readonly kind: number;
  readonly step: number;
  constructor(kind: number, step = 0) {
    this.kind = kind;
    this.step = step;
  }
}
export const MESSAGE_SIZE = 32;

/** Words of 64 bits that steps share: addresses and numbers. */
export class Words {
  readonly values: readonly RawArgument[];
  constructor(values: readonly RawArgument[]) {
    this.values = values;
  }
}

/** The address of something that has its place only when the table is laid out. */
export class Place {
  readonly of: Message | Words | RawStep;
  readonly offset: number;
  constructor(of: Message | Words | RawStep, offset: number) {
    this.of = of;
    this.offset = offset;
  }
}

export type RawArgument =
  number | string | null | Uint8Array | Message | Words | Place | readonly RawArgument[];

export type RawStep = {
  nr: number;
  args: readonly RawArgument[];
  flags?: number;
  jump?: string;
  /** Where the result goes: a message's value, or the argument of a later step. */
  store?: Place;
  /** Error numbers that are no failure; "all" ignores every one. */
  ignore?: readonly number[] | "all";
};

export const valueOf = (message: Message): Place => new Place(message, 8);
export const timeOf = (message: Message): Place => new Place(message, 16);
export const wordOf = (words: Words, index: number): Place => new Place(words, 8 * index);
export const argumentOf = (step: RawStep, index: number): Place => new Place(step, 16 + 8 * index);

const text = new TextEncoder();

export class Table {
  readonly steps: RawStep[] = [];
  readonly #labels = new Map<string, number>();

  add(step: RawStep): RawStep {
    this.steps.push(step);
    return step;
  }

  label(name: string): void {
    this.#labels.set(name, this.steps.length);
  }

  /** The bytes, for memory at {@link BASE}. */
  layout(failureKind: number): Uint8Array {
    return new Layout(this.steps, this.#labels).bytes(failureKind);
  }
}

const offsetOf = (index: number): number => HEADER + STEP * index;

/** The index of the step at an offset, as a failure message names it. */
export const stepAt = (offset: number): number => (offset - HEADER) / STEP;

class Layout {
  #buffer = new Uint8Array(16384);
  #view = new DataView(this.#buffer.buffer);
  #end: number;
  readonly #steps: readonly RawStep[];
  readonly #labels: ReadonlyMap<string, number>;
  readonly #places = new Map<Message | Words, number>();
  readonly #texts = new Map<string, number>();
  readonly #lists = new Map<readonly RawArgument[], number>();

  constructor(steps: readonly RawStep[], labels: ReadonlyMap<string, number>) {
    this.#steps = steps;
    this.#labels = labels;
    this.#end = offsetOf(steps.length);
    this.#room(0);
  }

  bytes(failureKind: number): Uint8Array {
    this.#view.setUint32(0, failureKind, true);
    this.#view.setUint32(FAILURE_GOTO, this.#target("failed"), true);
    for (let i = 0; i < this.#steps.length; i++) this.#step(this.#steps[i]!, offsetOf(i));
    if (this.#end > ROOM)
      throw invalid(
        `the container's birth takes ${this.#end} bytes to describe, ${ROOM} is the limit`,
      );
    return this.#buffer.subarray(0, this.#end);
  }

  #step(step: RawStep, at: number): void {
    const store = step.store ? this.#place(step.store) : SCRATCH;
    for (let k = 0; k < step.args.length; k++) {
      const value = this.#value(step.args[k]!); // before the buffer is written: it may grow
      if (value !== 0) this.#u64(at + 16 + 8 * k, value);
    }
    const view = this.#view;
    view.setUint32(at, step.nr | ((step.flags ?? 0) << 16), true);
    if (step.jump) view.setUint32(at + 4, this.#target(step.jump), true);
    view.setUint32(at + 8, store, true);
    if (step.ignore) this.#ignore(at + 64, step.ignore);
  }

  /** Bit errno mod 64 of a 64-bit word, as two halves. */
  #ignore(at: number, errnos: readonly number[] | "all"): void {
    const halves = errnos === "all" ? [-1, -1] : [0, 0];
    if (errnos !== "all")
      for (const errno of errnos) halves[(errno >> 5) & 1]! |= 1 << (errno & 31);
    this.#view.setInt32(at, halves[0]!, true);
    this.#view.setInt32(at + 4, halves[1]!, true);
  }

  #target(label: string): number {
    const index = this.#labels.get(label);
    if (index === undefined) throw new Error(`table: no label ${label}`);
    return offsetOf(index);
  }

  #place({ of, offset }: Place): number {
    if (of instanceof Words) return this.#words(of) + offset;
    if (of instanceof Message) return this.#message(of) + offset;
    return offsetOf(this.#steps.indexOf(of)) + offset;
  }

  /** Has its place before its values are looked at: they may point into it. */
  #words(words: Words): number {
    const known = this.#places.get(words);
    if (known !== undefined) return known;
    const at = this.#take(8 * words.values.length);
    this.#places.set(words, at);
    words.values.forEach((value, i) => {
      const word = this.#value(value); // before the buffer is written: it may grow
      this.#u64(at + 8 * i, word);
    });
    return at;
  }

  #message(message: Message): number {
    const known = this.#places.get(message);
    if (known !== undefined) return known;
    const at = this.#take(MESSAGE_SIZE);
    this.#view.setUint32(at, message.kind, true);
    this.#view.setUint32(at + 4, message.step, true);
    this.#places.set(message, at);
    return at;
  }

  #value(arg: RawArgument): number {
    if (typeof arg === "number") return arg;
    if (arg === null) return 0;
    if (arg instanceof Message) return BASE + this.#message(arg);
    if (arg instanceof Words) return BASE + this.#words(arg);
    if (arg instanceof Place) return BASE + this.#place(arg);
    if (typeof arg === "string") return this.#text(arg);
    return arg instanceof Uint8Array ? this.#memory(arg) : this.#list(arg);
  }

  /** Each list once: all directories of PATH are tried with the same arguments and environment. */
  #list(list: readonly RawArgument[]): number {
    let address = this.#lists.get(list);
    if (address === undefined) {
      const values = list.map((item) => this.#value(item));
      const at = this.#take(8 * values.length);
      values.forEach((value, i) => this.#u64(at + 8 * i, value));
      address = BASE + at;
      this.#lists.set(list, address);
    }
    return address;
  }

  /** Each text once: the environment is the same for every directory of PATH that execve tries. */
  #text(value: string): number {
    let address = this.#texts.get(value);
    if (address === undefined) {
      address = this.#memory(text.encode(`${value}\0`));
      this.#texts.set(value, address);
    }
    return address;
  }

  #memory(bytes: Uint8Array): number {
    const at = this.#take(bytes.length);
    this.#buffer.set(bytes, at);
    return BASE + at;
  }

  #take(size: number): number {
    const at = this.#end;
    this.#end = (at + size + 7) & ~7;
    this.#room(this.#end);
    return at;
  }

  #room(needed: number): void {
    if (Math.max(needed, this.#end) <= this.#buffer.length) return;
    const grown = new Uint8Array(2 * Math.max(needed, this.#end));
    grown.set(this.#buffer);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }

  #u64(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }
}
