import { close } from "../linux/files.ts";
import type { Signal } from "../abi/signal.ts";
import { sendSignal, tryPidfdOpen } from "../linux/pidfd.ts";

const forwarded: readonly Signal[] = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
];
const ending = new Set<Signal>(["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"]);
/** PID 1 without a handler ignores signals (pid_namespaces(7)): whoever asks this often means it, as in docker. */
const PATIENCE = 3;

/**
 * Passes the engine's signals on to the container, from before it is born until it has ended. A signal that comes too
 * early is kept. `using` gives the engine's own behaviour back.
 */
export class SignalForwarder implements Disposable {
  #pidfd: number | undefined;
  #early: Signal[] = [];
  #asked = 0;
  readonly #listeners = forwarded.map((signal) => ({
    signal,
    listener: () => this.#forward(signal),
  }));

  constructor() {
    for (const { signal, listener } of this.#listeners) process.on(signal, listener);
  }

  /** From here on signals go to process `pid`; one that has ended needs none. */
  start(pid: number): void {
    this.#pidfd = tryPidfdOpen(pid);
    for (const signal of this.#early.splice(0)) this.#forward(signal);
  }

  #forward(signal: Signal): void {
    if (this.#pidfd === undefined) {
      this.#early.push(signal);
      return;
    }
    const impatient = ending.has(signal) && ++this.#asked >= PATIENCE;
    sendSignal(this.#pidfd, impatient ? "SIGKILL" : signal);
  }

  [Symbol.dispose](): void {
    for (const { signal, listener } of this.#listeners) process.off(signal, listener);
    if (this.#pidfd !== undefined) close(this.#pidfd);
  }
}
