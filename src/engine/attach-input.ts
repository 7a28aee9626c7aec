import { errnos } from "../abi/errno.ts";
import { close } from "../linux/files.ts";
import { call, memory, tryCall } from "../linux/libc.ts";
import type { DetachKeys } from "../spec/detach-keys.ts";

/** Standard input to its end, or to the detach keys. At its end a FIFO is closed, a terminal is left as it is. */
export async function feed(
  fd: number,
  keys: DetachKeys,
  detached: () => void,
  terminal: boolean,
): Promise<void> {
  for await (const typed of process.stdin) {
    const { bytes, detach } = keys.read(typed as Uint8Array);
    if (!(await writePatiently(fd, bytes))) return;
    if (detach) return detached();
  }
  if (!terminal) close(fd);
}

const POLLOUT = 4;

/**
 * Never blocks: the container may read nothing for a while, and a terminal's master shares its flags with its logger. False
 * where nobody reads any more.
 */
async function writePatiently(fd: number, bytes: Uint8Array): Promise<boolean> {
  const poll = memory(8); // struct pollfd: i32 fd, i16 events, i16 revents
  const view = new DataView(poll.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, POLLOUT, true);
  for (let at = 0; at < bytes.length;) {
    view.setInt16(6, 0, true);
    call("ppoll", poll, 1, memory(16), null, 0);
    const ready = (view.getInt16(6, true) & POLLOUT) !== 0;
    const piece = bytes.slice(at, at + 256);
    const written = ready ? tryCall("write", fd, piece, piece.length) : -errnos.EAGAIN;
    if (written > 0) at += written;
    else if (written !== -errnos.EAGAIN) return false;
    else await Bun.sleep(5);
  }
  return true;
}
