const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** 64 hexadecimal digits, as docker's; the first twelve are what people see. */
export const newId = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");

export const shortId = (id: string): string => id.slice(0, 12);

/** `mini-` and five random letters: a host name, and the container's name where none is given. */
export function newHostname(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return `mini-${Array.from(bytes, (b) => LETTERS[b % 26]).join("")}`;
}
