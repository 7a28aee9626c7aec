import { call, memory } from "../linux/libc.ts";

/** getrandom(2): Web Crypto is not there yet in a cold start, and takes a while to come. */
function random(size: number): Uint8Array {
  const bytes = memory(size);
  call("getrandom", bytes, size, 0);
  return bytes;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Twelve hexadecimal digits, as many as docker shows: paths and names that hold it stay readable. */
export const newId = (): string => random(6).toHex();

/** `mini-` and five random letters: a host name, and the container's name where none is given. */
export function newHostname(): string {
  const bytes = random(5);
  return `mini-${Array.from(bytes, (b) => LETTERS[b % 26]).join("")}`;
}
