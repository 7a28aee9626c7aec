import { expect, test } from "bun:test";
import fc from "fast-check";
import { contains, formatAddress, macOf } from "../../../src/network/address.ts";
import { spoofFilter } from "../../../src/network/spoof-filter.ts";
import { verdictOf } from "./frame-interpreter.ts";

const [OK, SHOT] = [0, 2];
const subnet = { network: 0xc0a80000, prefix: 16 }; // 192.168.0.0: its numbers are negative as 32 bits
const [own, neighbour, gateway] = ["192.168.0.2", "192.168.0.3", "192.168.0.1"] as const;
const outside = "198.51.100.2";

type Fields = {
  type: number;
  sourceMac: string;
  destinationMac: string;
  source: string;
  destination: string;
  /** Of ARP alone: the sender in its body. */
  senderMac: string;
};

/** A frame with these in their places; what lies between is arbitrary. */
function frame(fields: Fields, rest: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(rest);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string, radix: 10 | 16): void => {
    bytes.set(
      text.split(radix === 16 ? ":" : ".").map((part) => parseInt(part, radix)),
      at,
    );
  };
  put(0, fields.destinationMac, 16);
  put(6, fields.sourceMac, 16);
  view.setUint16(12, fields.type);
  if (fields.type === 0x0806) {
    put(22, fields.senderMac, 16);
    put(28, fields.source, 10);
  } else {
    put(26, fields.source, 10);
    put(30, fields.destination, 10);
  }
  return bytes;
}

/** Mostly what the program asks about, and now and then anything. */
const address = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<string>(own, neighbour, gateway, outside) },
  fc.constantFrom("127.0.0.1", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
  fc.integer({ min: 0, max: 0xffffffff }).map(formatAddress),
);
const mac = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(own, own, gateway, neighbour).map(macOf) },
  fc
    .uint8Array({ minLength: 6, maxLength: 6 })
    .map((bytes) => bytes.toHex().match(/../g)!.join(":")),
  // one byte differs from its own
  fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 255 })).map(([at, by]) =>
    macOf(own)
      .split(":")
      .map((byte, i) => (parseInt(byte, 16) ^ (i === at ? by : 0)).toString(16).padStart(2, "0"))
      .join(":"),
  ),
);
const fields: fc.Arbitrary<Fields> = fc.record({
  type: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(0x0800, 0x0800, 0x0806, 0x86dd, 0x8100) },
    fc.nat(0xffff),
  ),
  sourceMac: mac,
  destinationMac: mac,
  source: address,
  destination: address,
  senderMac: mac,
});
const rest = fc.uint8Array({ minLength: 34, maxLength: 60 });

/** In its own name, and not to the host's loopback. */
const inOwnName = ({ type, sourceMac, source, senderMac, destination }: Fields): boolean =>
  sourceMac === macOf(own) &&
  source === own &&
  ((type === 0x0800 && !destination.startsWith("127.")) ||
    (type === 0x0806 && senderMac === macOf(own)));

test("exactly IPv4, but for loopback, and ARP in the container's own name pass", () => {
  const program = spoofFilter({ address: own, mac: macOf(own) });
  const seen = new Set<string>();
  fc.assert(
    fc.property(fields, rest, (given, bytes) => {
      const passes = inOwnName(given);
      seen.add(`${given.type === 0x0806 ? "arp" : "other"} ${passes}`);
      expect(verdictOf(program, { bytes: frame(given, bytes) })).toBe(passes ? OK : SHOT);
    }),
    { numRuns: 3000 },
  );
  expect([...seen].sort()).toEqual(["arp false", "arp true", "other false", "other true"]);
});

test("isolated, IPv4 goes to the gateway only, and through it to no address on the bridge", () => {
  const only = { gateway, prefix: subnet.prefix };
  const program = spoofFilter({ address: own, mac: macOf(own), only });
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(fields, rest, (given, bytes) => {
      const { type, destination, destinationMac } = given;
      const near = contains(subnet, destination) && destination !== gateway;
      const reaches = destinationMac === macOf(gateway) && !near;
      const passes = inOwnName(given) && (type === 0x0806 || reaches);
      if (type === 0x0800) seen.add(passes);
      expect(verdictOf(program, { bytes: frame(given, bytes) })).toBe(passes ? OK : SHOT);
    }),
    { numRuns: 5000 },
  );
  expect(seen.size).toBe(2);
});

test("a frame that ends too early, or has a VLAN tag, does not pass", () => {
  const program = spoofFilter({ address: own, mac: macOf(own) });
  const good: Fields = {
    type: 0x0800,
    sourceMac: macOf(own),
    destinationMac: macOf(gateway),
    source: own,
    destination: outside,
    senderMac: macOf(own),
  };
  for (const type of [0x0800, 0x0806]) {
    const bytes = frame({ ...good, type }, new Uint8Array(42));
    expect(verdictOf(program, { bytes })).toBe(OK);
    expect(verdictOf(program, { bytes, tagged: true })).toBe(SHOT);
    for (let length = 0; length < 34; length++)
      expect(verdictOf(program, { bytes: bytes.subarray(0, length) })).toBe(SHOT);
  }
});
