import { errnos } from "../abi/errno.ts";
import { tryCall } from "../linux/libc.ts";

/**
 * Writes to standard error, all of it and at once. console.error paints its text red on a terminal, and
 * process.stderr costs 20 ms of a cold start (compiled).
 */
export const writeError = (text: string): void => writeFully(2, new TextEncoder().encode(text));

/** Writes all of it to a descriptor, at once; where nobody reads any more there is nobody to tell. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const written = tryCall("write", fd, bytes.subarray(at), bytes.length - at);
    if (written > 0) at += written;
    // The descriptor may be shared with somebody who has made it non-blocking.
    else if (written === -errnos.EAGAIN) Bun.sleepSync(1);
    else if (written !== -errnos.EINTR) return;
  }
}
