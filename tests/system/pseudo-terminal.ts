/** A person at a terminal: what they type, what they see. */
export class Person implements AsyncDisposable {
  screen = "";
  readonly #process: Bun.Subprocess;
  readonly exited: Promise<number>;

  constructor(
    command: readonly string[],
    env: Record<string, string>,
    { cols = 80, rows = 24 } = {},
  ) {
    const decoder = new TextDecoder();
    this.#process = Bun.spawn([...command], {
      env: { TERM: "xterm", ...env },
      terminal: {
        cols,
        rows,
        data: (_, data) => {
          this.screen += decoder.decode(data, { stream: true });
        },
      },
    });
    this.exited = this.#process.exited;
  }

  type(text: string): void {
    this.#process.terminal!.write(text);
  }

  resize(cols: number, rows: number): void {
    this.#process.terminal!.resize(cols, rows);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Local flags of the terminal (ICANON, ECHO, …), to see whether they are as they were. */
  get modes(): number[] {
    const { inputFlags, outputFlags, localFlags } = this.#process.terminal!;
    return [inputFlags, outputFlags, localFlags];
  }

  /** Waits until the screen, from the last time on, shows `pattern`; returns what came until then. */
  async sees(pattern: RegExp, milliseconds = 8000): Promise<string> {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const match = pattern.exec(this.screen);
      if (match) {
        const end = match.index + match[0].length;
        const seen = this.screen.slice(0, end);
        this.screen = this.screen.slice(end);
        return seen;
      }
      if (Date.now() > deadline)
        throw new Error(`no ${pattern} on the screen: ${JSON.stringify(this.screen)}`);
      await Bun.sleep(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) this.#process.kill("SIGKILL");
    await this.exited;
    this.#process.terminal!.close();
  }
}
