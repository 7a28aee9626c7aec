import { structSizes } from "./rtnetlink-constants.ts";

const utf8 = new TextEncoder();
const align = (n: number): number => (n + 3) & ~3;

/**
 * Writes netlink messages (netlink(7)) and their attributes one after the other. Both start with a length that is only
 * known at the end, and both are padded to four bytes (NLMSG_ALIGN, RTA_ALIGN). Numbers are in the machine's order,
 * which is little-endian wherever this runs. A message that outgrows the buffer is a RangeError.
 */
export class NetlinkWriter {
  readonly #view = new DataView(new ArrayBuffer(2048));
  #at = 0;

  /** struct nlmsghdr and what `body` writes. The port id stays 0: the kernel knows the socket. */
  message(type: number, flags: number, sequence: number, body: () => void): void {
    const start = this.#at;
    this.#at += structSizes.nlmsghdr;
    body();
    this.#view.setUint32(start, this.#at - start, true);
    this.#view.setUint16(start + 4, type, true);
    this.#view.setUint16(start + 6, flags, true);
    this.#view.setUint32(start + 8, sequence, true);
    this.#at = align(this.#at);
  }

  /** struct rtattr and what `body` writes, which may be attributes again. */
  attribute(type: number, body: () => void): void {
    const start = this.#at;
    this.#at += structSizes.rtattr;
    body();
    this.#view.setUint16(start, this.#at - start, true);
    this.#view.setUint16(start + 2, type, true);
    this.#at = align(this.#at);
  }

  u8(...values: readonly number[]): void {
    for (const value of values) this.#view.setUint8(this.#at++, value);
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u32(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint32(this.#at, value, true);
      this.#at += 4;
    }
  }

  /** Text with its NUL. */
  text(value: string): void {
    this.u8(...utf8.encode(value), 0);
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#at);
  }
}
