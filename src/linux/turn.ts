/**
 * Lets the event loop do what else is waiting, and goes on afterwards. A container's start and removal are some milliseconds
 * of system calls: taken in one piece they would hold up the timers and sockets of the program that they happen in.
 */
export const turn = (): Promise<void> => new Promise((go) => setImmediate(go));

/** Milliseconds after which something that takes many steps lets others have a turn. */
const SLICE = 0.3;

/** For loops: gives up its turn as often as needed, and no more often. */
export class Pace {
  #since = performance.now();

  async rest(): Promise<void> {
    if (performance.now() - this.#since < SLICE) return;
    await turn();
    this.#since = performance.now();
  }
}
