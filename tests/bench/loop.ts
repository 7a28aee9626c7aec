import { call, memory } from "../../src/linux/libc.ts";

const CLOCK_THREAD_CPUTIME_ID = 3; // clock_gettime(2)
const timespec = memory(16);
const words = new DataView(timespec.buffer);

/** Milliseconds of processor time that this thread has used: a busy machine does not change it. */
function processorTime(): number {
  call("clock_gettime", CLOCK_THREAD_CPUTIME_ID, timespec);
  return Number(words.getBigInt64(0, true)) * 1e3 + Number(words.getBigInt64(8, true)) / 1e6;
}

/** How long the event loop of this process is held up: it is asked as often as it can answer. */
export class LoopWatch implements Disposable {
  /** Milliseconds: the longest time between two answers since {@link reset}. */
  longest = 0;
  /** The same in processor time. */
  busiest = 0;
  #last = performance.now();
  #used = processorTime();
  #over = false;

  constructor() {
    const ask = (): void => {
      const [now, used] = [performance.now(), processorTime()];
      this.longest = Math.max(this.longest, now - this.#last);
      this.busiest = Math.max(this.busiest, used - this.#used);
      [this.#last, this.#used] = [now, used];
      if (!this.#over) setImmediate(ask);
    };
    setImmediate(ask);
  }

  reset(): void {
    this.longest = this.busiest = 0;
    [this.#last, this.#used] = [performance.now(), processorTime()];
  }

  [Symbol.dispose](): void {
    this.#over = true;
  }
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

/** Milliseconds, medians. */
export type Hold = {
  /** The longest time that the loop was held up; and in processor time. */
  longest: number;
  busiest: number;
  /** All of it. */
  whole: number;
};

/** Does something many times, and says for how long it held up the event loop. */
export async function holdUp(times: number, once: () => Promise<unknown>): Promise<Hold> {
  using watch = new LoopWatch();
  const [longest, busiest, whole]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < times; i++) {
    watch.reset();
    const start = performance.now();
    await once();
    whole.push(performance.now() - start);
    longest.push(watch.longest);
    busiest.push(watch.busiest);
  }
  return { longest: median(longest), busiest: median(busiest), whole: median(whole) };
}
