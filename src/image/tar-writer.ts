import type { Timespec } from "../abi/timespec.ts";
import type { ByteString } from "./byte-string.ts";
import type { TarEntryType } from "./tar.ts";
import { BLOCK_SIZE } from "./tar-header.ts";

/** What is written of an entry before its content. */
export type TarHead = {
  type: TarEntryType;
  path: ByteString;
  /** A symlink's text, or the path that a hard link names. */
  linkPath?: ByteString;
  /** The lower 12 bits. */
  mode: number;
  uid: number;
  gid: number;
  mtime: Timespec;
  /** A file's bytes, 0 for everything else. */
  size?: number;
  major?: number;
  minor?: number;
  xattrs?: ReadonlyMap<string, Uint8Array>;
};

const typeflags: Record<TarEntryType, string> = {
  file: "0",
  link: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

/** The greatest number of 11 and of 7 octal digits. */
const [MAX_SIZE, MAX_ID] = [0o77777777777, 0o7777777];

/**
 * An entry's header: ustar, with PAX records before it for what does not fit there (POSIX.1-2017 pax): long names, large
 * numbers, fractions of seconds, extended attributes (`SCHILY.xattr.`, as the image-spec's layer.md has them). The same
 * entry always gives the same bytes: no process number, no time of writing, records sorted.
 */
export function tarHead(head: TarHead): Uint8Array {
  const records = paxRecords(head);
  const block = headerBlock(head);
  if (records.length === 0) return block;
  const body = Buffer.concat(records);
  const extended = headerBlock({
    type: "file",
    path: "PaxHeaders/0",
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    size: body.length,
  });
  extended[156] = "x".charCodeAt(0);
  writeSum(extended);
  return Buffer.concat([extended, body, padding(body.length), block]);
}

/** What fills up the last block of `size` bytes. */
export const padding = (size: number): Uint8Array =>
  new Uint8Array((BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE);

/** Two blocks of zeros end an archive. */
export const tarEnd = (): Uint8Array => new Uint8Array(2 * BLOCK_SIZE);

function paxRecords({ path, linkPath = "", size = 0, uid, gid, mtime, xattrs }: TarHead): Buffer[] {
  const records: [keyword: string, value: Buffer][] = [];
  const add = (keyword: string, value: string) =>
    void records.push([keyword, Buffer.from(value, "latin1")]);
  if (path.length > 100) add("path", path);
  if (linkPath.length > 100) add("linkpath", linkPath);
  if (size > MAX_SIZE) add("size", String(size));
  if (uid > MAX_ID) add("uid", String(uid));
  if (gid > MAX_ID) add("gid", String(gid));
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > MAX_SIZE)
    add("mtime", decimalTime(mtime));
  for (const [name, value] of xattrs ?? [])
    records.push([`SCHILY.xattr.${name}`, Buffer.from(value)]);
  return records.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => paxRecord(k, v));
}

/** Seconds below zero count downwards: -0.25 is second -1 and 750,000,000 ns. */
function decimalTime({ seconds, nanoseconds }: Timespec): string {
  const negative = seconds < 0;
  const whole = negative && nanoseconds > 0 ? -seconds - 1 : Math.abs(seconds);
  const rest = negative && nanoseconds > 0 ? 1e9 - nanoseconds : nanoseconds;
  const fraction = rest === 0 ? "" : `.${String(rest).padStart(9, "0").replace(/0+$/, "")}`;
  return `${negative ? "-" : ""}${whole}${fraction}`;
}

/** `LENGTH KEYWORD=VALUE\n`; the length counts its own digits. */
function paxRecord(keyword: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`, "latin1"), value, Buffer.from("\n")]);
  let length = rest.length + String(rest.length).length;
  length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function headerBlock(head: TarHead): Uint8Array {
  const block = Buffer.alloc(BLOCK_SIZE);
  block.write(head.path.slice(0, 100), 0, "latin1");
  const octal = (value: number, at: number, length: number, most: number) =>
    block.write(
      (value >= 0 && value <= most ? value : 0).toString(8).padStart(length - 1, "0"),
      at,
    );
  octal(head.mode, 100, 8, MAX_ID);
  octal(head.uid, 108, 8, MAX_ID);
  octal(head.gid, 116, 8, MAX_ID);
  octal(head.size ?? 0, 124, 12, MAX_SIZE);
  octal(head.mtime.seconds, 136, 12, MAX_SIZE);
  block.write(typeflags[head.type], 156);
  block.write((head.linkPath ?? "").slice(0, 100), 157, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  octal(head.major ?? 0, 329, 8, MAX_ID);
  octal(head.minor ?? 0, 337, 8, MAX_ID);
  writeSum(block);
  return block;
}

function writeSum(block: Uint8Array): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((a, b) => a + b, 0);
  Buffer.from(block.buffer, block.byteOffset).write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
}
