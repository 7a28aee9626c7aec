import { errnos } from "../abi/errno.ts";
import { tryCall } from "../linux/libc.ts";

/**
 * Writes to standard error, all of it and at once. console.error paints its text red on a terminal, and
 * process.stderr costs 20 ms of a cold start (compiled).
 */
export function writeError(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    const written = tryCall("write", 2, bytes.subarray(at), bytes.length - at);
    if (written > 0) at += written;
    // The descriptor may be shared with somebody who has made it non-blocking.
    else if (written === -errnos.EAGAIN) Bun.sleepSync(1);
    else if (written !== -errnos.EINTR) return; // closed: there is nobody to tell
  }
}
