import type { Timespec } from "../abi/timespec.ts";
import { byteString, type ByteString } from "./byte-string.ts";
import { damaged } from "./damaged.ts";

/**
 * PAX records by keyword (POSIX.1-2017 pax, "pax Extended Header"). Values stay bytes: an extended attribute need not be
 * text, and the capabilities of newuidmap (CAP_SETUID, bit 7) are not UTF-8.
 */
export type PaxRecords = Map<string, Uint8Array>;

/** Decodes records `LENGTH KEYWORD=VALUE\n`, where the length counts itself and the newline. */
export function decodePax(bytes: Uint8Array): PaxRecords {
  const records: PaxRecords = new Map();
  let at = 0;
  while (at < bytes.length) {
    const blank = bytes.indexOf(0x20, at);
    const length = blank < 0 ? Number.NaN : decimal(byteString(bytes, at, blank));
    const end = at + length;
    const equals = bytes.indexOf(0x3d, blank);
    const sound = blank < equals && equals < end && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!sound) throw damaged("a PAX record of the archive is malformed");
    records.set(byteString(bytes, blank + 1, equals), bytes.slice(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** A value as text; undefined where it is absent or empty, which means "as the header says". */
export function paxText(records: PaxRecords, keyword: string): ByteString | undefined {
  const value = records.get(keyword);
  return value?.length ? byteString(value) : undefined;
}

export function paxNumber(records: PaxRecords, keyword: string): number | undefined {
  const text = paxText(records, keyword);
  return text === undefined ? undefined : decimal(text);
}

/** `mtime`: decimal seconds, a sign and a fraction allowed; exact to the nanosecond. */
export function paxTime(records: PaxRecords, keyword: string): Timespec | undefined {
  const text = paxText(records, keyword);
  if (text === undefined) return undefined;
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (!match) throw damaged(`the archive has ${JSON.stringify(text)} for a time`);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (!match[1]) return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

const XATTR = "SCHILY.xattr.";

/** Extended attributes, as star, GNU tar, bsdtar and the OCI image specification (layer.md) have them. */
export function paxXattrs(records: PaxRecords): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (const [keyword, value] of records)
    if (keyword.startsWith(XATTR)) xattrs.set(keyword.slice(XATTR.length), value);
  return xattrs;
}

function decimal(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw damaged("a number in a PAX record is malformed");
  return value;
}
