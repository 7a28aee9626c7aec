import { parseDuration, type Duration } from "./duration.ts";
import { inBackground } from "./warn.ts";

/** What may end something before its time. `using` takes both off. */
export class Leash implements Disposable {
  timedOut = false;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;

  constructor(
    { timeout, signal }: { timeout?: Duration; signal?: AbortSignal },
    end: () => Promise<void>,
  ) {
    this.#signal = signal;
    this.#abort = () => inBackground(end());
    signal?.addEventListener("abort", this.#abort);
    if (timeout === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.timedOut = true;
        inBackground(end());
      },
      parseDuration("timeout", timeout),
    );
  }

  /** Throws the signal's reason where it was aborted. */
  throwIfAborted(): void {
    this.#signal?.throwIfAborted();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}
