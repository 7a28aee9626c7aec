import { ioctlRequests } from "../abi/ioctl.ts";
import { makeRaw, SIZE_OF_TERMIOS } from "../abi/termios.ts";
import { memory, tryCall } from "./libc.ts";

/**
 * Makes the terminal behind `fd` raw; returns what gives it back its modes, and does nothing where it is no terminal.
 * Node's setRawMode would leave output processing on, and every line of the container's would end in \r\r\n.
 */
export function enterRawMode(fd: number, outputOnly = false): () => void {
  const before = memory(SIZE_OF_TERMIOS);
  if (tryCall("ioctl", fd, ioctlRequests.TCGETS, before) < 0) return () => undefined;
  const raw = memory(SIZE_OF_TERMIOS);
  raw.set(makeRaw(before, outputOnly));
  tryCall("ioctl", fd, ioctlRequests.TCSETSW, raw);
  return () => void tryCall("ioctl", fd, ioctlRequests.TCSETSW, before);
}
