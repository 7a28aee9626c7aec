import type { Fd, Struct } from "./signatures.ts";

/** Small values that several topics of the plan need. */
export const AT_FDCWD: Fd = "AT_FDCWD";

const text = new TextEncoder();

export const utf8Length = (value: string): number => text.encode(value).length;

/** 64-bit words, as most of the kernel's structures want them; the low 53 bits carry exactly. */
export function words(label: string, ...values: number[]): Struct {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(value)), true));
  return { text: label, bytes };
}

/** 32-bit words. */
export const halfWords = (label: string, ...values: number[]): Struct => ({
  text: label,
  bytes: new Uint8Array(Uint32Array.from(values).buffer),
});

/** struct ifreq of netdevice(7), 40 bytes: the name in the first 16, then here the flags. */
export function ifreq(label: string, name: string, flags: number): Struct {
  const bytes = new Uint8Array(40);
  text.encodeInto(name, bytes);
  new DataView(bytes.buffer).setUint16(16, flags, true);
  return { text: label, bytes };
}
