const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Twelve hexadecimal digits, as many as docker shows: paths and names that hold it stay readable. */
export const newId = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex");

/** `mini-` and five random letters: a host name, and the container's name where none is given. */
export function newHostname(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return `mini-${Array.from(bytes, (b) => LETTERS[b % 26]).join("")}`;
}
