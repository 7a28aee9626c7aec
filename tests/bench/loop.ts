/** How long the event loop of this process is held up: it is asked as often as it can answer. */
export class LoopWatch implements Disposable {
  /** Milliseconds: the longest time between two answers since {@link reset}. */
  longest = 0;
  #last = performance.now();
  #over = false;

  constructor() {
    const ask = (): void => {
      const now = performance.now();
      this.longest = Math.max(this.longest, now - this.#last);
      this.#last = now;
      if (!this.#over) setImmediate(ask);
    };
    setImmediate(ask);
  }

  reset(): void {
    this.longest = 0;
    this.#last = performance.now();
  }

  [Symbol.dispose](): void {
    this.#over = true;
  }
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

export type Hold = {
  /** Milliseconds, medians: the longest time that the loop was held up, and the whole time. */
  longest: number;
  whole: number;
};

/** Does something many times, and says for how long it held up the event loop. */
export async function holdUp(times: number, once: () => Promise<unknown>): Promise<Hold> {
  using watch = new LoopWatch();
  const [longest, whole]: [number[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    watch.reset();
    const start = performance.now();
    await once();
    whole.push(performance.now() - start);
    longest.push(watch.longest);
  }
  return { longest: median(longest), whole: median(whole) };
}
