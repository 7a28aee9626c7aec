import { blanks, fillText, type Fill } from "../launch/stencil.ts";

const isBlank = (text: string): boolean =>
  text.includes(blanks.id) || text.includes(blanks.hostname);

/**
 * A value of JSON with blanks in it, filled in as often as one likes: only what has a blank somewhere below is copied, all
 * the rest (a seccomp profile of 400 names) is the same object each time, and nobody may change it.
 */
export class Form<T> {
  readonly #value: T;
  readonly #marked = new Set<unknown>();

  constructor(value: T) {
    this.#value = value;
    this.#mark(value);
  }

  fill(fill: Fill): T {
    return this.#copy(this.#value, fill) as T;
  }

  #mark(value: unknown): boolean {
    if (typeof value === "string") return isBlank(value);
    if (typeof value !== "object" || value === null) return false;
    const marked = Object.values(value).map((part) => this.#mark(part));
    if (!marked.includes(true)) return false;
    this.#marked.add(value);
    return true;
  }

  #copy(value: unknown, fill: Fill): unknown {
    if (typeof value === "string") return isBlank(value) ? fillText(value, fill) : value;
    if (!this.#marked.has(value)) return value;
    if (Array.isArray(value)) return value.map((part) => this.#copy(part, fill));
    const copy: { [name: string]: unknown } = {};
    for (const name in value as object) copy[name] = this.#copy((value as typeof copy)[name], fill);
    return copy;
  }
}
