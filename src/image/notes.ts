/** What could not be kept is said once for each kind of thing, not ten thousand times. */
export class Notes {
  readonly #said = new Set<string>();
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  once(line: string): void {
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#say(line);
  }
}
