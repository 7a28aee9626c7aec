/** What wait4(2) says of an ended process: it exited with `code`, or `signal` ended it. */
export type Ended = { code: number; signal: number | null };

/** Reads a wait status (WIFSIGNALED, WTERMSIG, WEXITSTATUS of wait(2)); `code` is 128 + n after signal n, as in a shell. */
export function decodeWaitStatus(status: number): Ended {
  const signal = status & 0x7f;
  return signal ? { code: 128 + signal, signal } : { code: (status >> 8) & 0xff, signal: null };
}
