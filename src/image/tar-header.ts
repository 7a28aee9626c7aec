import { byteString, type ByteString } from "./byte-string.ts";
import { damaged } from "./damaged.ts";

/** Everything in a tar archive comes in blocks of this size. */
export const BLOCK_SIZE = 512;

/** A header block as it stands: POSIX.1-2017 pax, "ustar Interchange Format", with GNU's base-256 numbers. */
export type TarHeader = {
  name: ByteString;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes that follow, before padding. */
  size: number;
  /** Seconds. */
  mtime: number;
  /** One character: "0" a file, "5" a directory, "x" PAX records for the next entry, … */
  typeflag: string;
  linkname: ByteString;
  major: number;
  minor: number;
};

/** Decodes a header block; undefined for a block of zeros, which ends an archive. */
export function decodeHeader(block: Uint8Array): TarHeader | undefined {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return undefined;
  checkSum(block);
  const magic = byteString(block, 257, 263);
  // Old GNU headers ("ustar  ") use the prefix's place for other things.
  const prefix = magic === "ustar\0" ? field(block, 345, 155) : "";
  const name = field(block, 0, 100);
  const hasDevice = magic.startsWith("ustar");
  return {
    name: prefix ? `${prefix}/${name}` : name,
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    typeflag: block[156] ? String.fromCharCode(block[156]) : "0",
    linkname: field(block, 157, 100),
    major: hasDevice ? number(block, 329, 8) : 0,
    minor: hasDevice ? number(block, 337, 8) : 0,
  };
}

/** The sum of all bytes, its own field counted as blanks; some old tars added signed bytes. */
function checkSum(block: Uint8Array): void {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK_SIZE; i++) {
    const byte = i >= 148 && i < 156 ? 32 : block[i]!;
    unsigned += byte;
    signed += (byte << 24) >> 24;
  }
  const stored = number(block, 148, 8);
  if (stored !== unsigned && stored !== signed) throw damaged("a tar header's checksum is wrong");
}

/** Text up to the first NUL. */
export function field(block: Uint8Array, start: number, length: number): ByteString {
  let end = start;
  while (end < start + length && block[end] !== 0) end++;
  return byteString(block, start, end);
}

/** Octal digits among blanks and NULs, or where the first bit is set a big-endian two's complement (GNU, star). */
export function number(block: Uint8Array, start: number, length: number): number {
  const first = block[start]!;
  if (first & 0x80) return base256(block, start, length);
  const digits = field(block, start, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw damaged("a number in a tar header has other digits than 0-7");
  return digits ? Number.parseInt(digits, 8) : 0;
}

function base256(block: Uint8Array, start: number, length: number): number {
  const negative = block[start] === 0xff;
  let value = negative ? -1 : block[start]! & 0x7f;
  for (let i = start + 1; i < start + length; i++) value = value * 256 + block[i]!;
  if (!Number.isSafeInteger(value)) throw damaged("a number in a tar header is too large");
  return value;
}
