import { AF_INET } from "./rtnetlink-constants.ts";

/** socket(7). */
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SOCK_CLOEXEC = 0o2000000;
export const socketTypes = { tcp: 1, udp: 2 } as const;

/** struct sockaddr_in: family, port and address in network order, eight bytes of padding. */
export function sockaddrIn(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(16));
  bytes[0] = AF_INET;
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(address.split(".").map(Number), 4);
  return bytes;
}
