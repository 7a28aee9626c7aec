/** Aborts when it is waited for longer than so many milliseconds at a time; the time in between does not count. */
export class Patience implements Disposable {
  readonly #controller = new AbortController();
  readonly #milliseconds: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.begin();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on somebody waits. */
  begin(): void {
    this.end();
    this.#timer = setTimeout(() => this.#controller.abort(), this.#milliseconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
