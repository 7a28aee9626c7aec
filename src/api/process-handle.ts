import { closeSync } from "node:fs";
import type { Signal } from "../abi/signal.ts";
import type { SyscallError } from "../abi/error.ts";
import { pidfdOpen, sendSignal } from "../linux/pidfd.ts";

/** A hold on a command's process, from its start to its end: signals never reach another one of the same number. */
export class ProcessHandle {
  #pidfd: number | undefined;

  open(pid: number): void {
    try {
      this.#pidfd = pidfdOpen(pid);
    } catch (error) {
      if ((error as SyscallError).errno !== "ESRCH") throw error; // it was quick
    }
  }

  send(signal: Signal): void {
    if (this.#pidfd !== undefined) sendSignal(this.#pidfd, signal);
  }

  close(): void {
    if (this.#pidfd !== undefined) closeSync(this.#pidfd);
    this.#pidfd = undefined;
  }
}
