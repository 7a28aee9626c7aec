import { memory } from "../linux/libc.ts";

/**
 * A name as it is on disk: one character for each byte, whatever the bytes mean. Linux knows no encoding of names
 * (path_resolution(7)), and a name that is not UTF-8 must come out of an archive as it went in.
 */
export type ByteString = string;

/** The bytes, with the NUL that the kernel wants after them. */
export function cbytes(name: ByteString): Uint8Array {
  const bytes = memory(name.length + 1);
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i);
  return bytes;
}

export const byteString = (bytes: Uint8Array, start = 0, end = bytes.length): ByteString =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, end);

/** For people: as UTF-8, in quotes, with anything that could move a terminal's cursor escaped, cut where it is long. */
export function quoted(name: ByteString): string {
  const text = Buffer.from(name, "latin1").toString("utf8");
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
