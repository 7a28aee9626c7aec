/** Frames as an attacker writes them, in hexadecimal digits for `probe send_frame`. */
import { etherTypes } from "../../../src/abi/rtnetlink-constants.ts";

const macHex = (mac: string): string => mac.replaceAll(":", "");
const addressHex = (address: string): string =>
  Uint8Array.from(address.split(".").map(Number)).toHex();
const half = (value: number): string => value.toString(16).padStart(4, "0");

export type Addressed = { from: string; to: string; fromMac: string; toMac: string };

/** A datagram by UDP; a checksum of zero is none (RFC 768). */
export function udpFrame({ from, to, fromMac, toMac }: Addressed, port: number, text: string) {
  const data = Buffer.from(text).toString("hex");
  const udp = `0009${half(port)}${half(8 + text.length)}0000${data}`;
  const addresses = addressHex(from) + addressHex(to);
  const head = (checksum: number): string =>
    `4500${half(28 + text.length)}00000000` + `4011${half(checksum)}${addresses}`; // TTL 64, UDP
  const header = head(checksumOf(head(0)));
  return macHex(toMac) + macHex(fromMac) + half(etherTypes.ETH_P_IP) + header + udp;
}

/** An answer by ARP that nobody asked for: “`from` is at `senderMac`”. */
export function arpFrame(
  { from, to, fromMac, toMac }: Addressed,
  senderMac: string = fromMac,
): string {
  const REPLY = "0002";
  const head = macHex(toMac) + macHex(fromMac) + half(etherTypes.ETH_P_ARP);
  const sender = macHex(senderMac) + addressHex(from);
  return `${head}000108000604${REPLY}${sender}${macHex(toMac)}${addressHex(to)}`;
}

/** Of an IPv4 header (RFC 1071). */
function checksumOf(header: string): number {
  let sum = 0;
  for (const word of header.match(/.{4}/g)!) sum += parseInt(word, 16);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
