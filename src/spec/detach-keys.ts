import { invalid } from "../abi/error.ts";
import { quote } from "./values.ts";

/** docker's: ^P ^Q. */
export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** `ctrl-p,ctrl-q`, `ctrl-]`, `a,b`: the bytes that a terminal sends for them. None where the text is empty. */
export function parseDetachKeys(flag: string, text: string): Uint8Array {
  if (text === "") return new Uint8Array(0);
  return Uint8Array.from(text.split(","), (key) => {
    const [, letter] = /^ctrl-([a-z@[\\\]^_])$/.exec(key) ?? [];
    if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f;
    if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw invalid(`${flag} ${quote(text)} are not keys`, "letters, or like ctrl-p, between commas");
  });
}

/** Looks for the detach keys in what is typed, which may come one byte at a time. */
export class DetachKeys {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What is for the container; `detach` where the last of the keys has come. Keys that began and did not go on are passed. */
  read(typed: Uint8Array): { bytes: Uint8Array; detach: boolean } {
    const out: number[] = [];
    for (const byte of typed) {
      if (byte !== this.#keys[this.#matched]) {
        out.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte !== this.#keys[this.#matched]) out.push(byte);
      else if (++this.#matched === this.#keys.length)
        return { bytes: Uint8Array.from(out), detach: true };
    }
    return { bytes: Uint8Array.from(out), detach: false };
  }
}
