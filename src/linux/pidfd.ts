import { close } from "./files.ts";
import { signals, type Signal } from "../abi/signal.ts";
import { call, tryCall } from "./libc.ts";

/** A hold on a process that no reuse of its number can fool: pidfd_open(2). */
export const pidfdOpen = (pid: number): number => call("pidfd_open", pid, 0);

/** The same; undefined where the process has ended and has been waited for. */
export function tryPidfdOpen(pid: number): number | undefined {
  const fd = tryCall("pidfd_open", pid, 0);
  return fd < 0 ? undefined : fd;
}

/** Takes a copy of descriptor `fd` out of another process: pidfd_getfd(2). The copy is closed by execve. */
export function takeDescriptor(pid: number, fd: number): number {
  const pidfd = pidfdOpen(pid);
  try {
    return call("pidfd_getfd", pidfd, fd, 0);
  } finally {
    close(pidfd);
  }
}

/** Sends a signal; false where the process has ended: pidfd_send_signal(2). */
export const sendSignal = (pidfd: number, signal: Signal): boolean =>
  tryCall("pidfd_send_signal", pidfd, signals[signal], null, 0) === 0;
