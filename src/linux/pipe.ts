import { openFlags } from "../abi/open.ts";
import { call, memory } from "./libc.ts";

/** pipe2(2): its read end and its write end, closed by execve. */
export function pipe(): [number, number] {
  const ends = memory(8);
  call("pipe2", ends, openFlags.O_CLOEXEC);
  const view = new DataView(ends.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
}
