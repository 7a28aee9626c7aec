import { errnos } from "../abi/errno.ts";
import { failure, tryCall } from "../linux/libc.ts";

/** Length, then plan. A socket's buffer holds an ordinary plan whole; a longer one is written as room comes. */
export async function send(fd: number, bytes: Uint8Array): Promise<void> {
  const message = new Uint8Array(8 + bytes.length);
  new DataView(message.buffer).setUint32(0, bytes.length, true);
  message.set(bytes, 8);
  for (let at = 0; at < message.length;) {
    const rest = message.subarray(at);
    const written = tryCall("write", fd, rest, rest.length);
    if (written >= 0) at += written;
    else if (written === -errnos.EAGAIN) await Bun.sleep(1);
    else throw failure(written, "write", fd, rest, rest.length);
  }
}
