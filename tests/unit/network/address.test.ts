import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  chooseAddress,
  contains,
  formatAddress,
  formatSubnet,
  gatewayOf,
  macOf,
  overlap,
  parseAddress,
  parseSubnet,
} from "../../../src/network/address.ts";
import { parseRoutes, refuseCollision } from "../../../src/network/routes.ts";
import { networkSettings } from "../../../src/network/settings.ts";

const anySubnet = fc
  .tuple(fc.integer({ min: 10 * 2 ** 24, max: 100 * 2 ** 24 }), fc.integer({ min: 8, max: 30 }))
  .map(([address, prefix]) => ({ network: address - (address % 2 ** (32 - prefix)), prefix }));

test("a subnet survives being written and read", () => {
  fc.assert(
    fc.property(anySubnet, (subnet) => {
      expect(parseSubnet(formatSubnet(subnet))).toEqual(subnet);
    }),
  );
});

test.each([
  ["10.111.0.0", "“10.111.0.0” is not a subnet"],
  ["", "“” is not a subnet"],
  ["10.300.0.0/16", "“10.300.0.0/16” is not a subnet"],
  ["::/64", "“::/64” is not a subnet"],
  ["10.111.0.5/24", "10.111.0.5/24 is not the first address of its subnet"],
  ["10.0.0.0/31", "the subnet 10.0.0.0/31 has a prefix that is not from 8 to 30"],
  ["10.0.0.0/99", "the subnet 10.0.0.0/99 has a prefix that is not from 8 to 30"],
  ["127.0.0.0/16", "the subnet 127.0.0.0/16 is not one that hosts can have"],
  ["224.1.0.0/16", "the subnet 224.1.0.0/16 is not one that hosts can have"],
])("the subnet %p is refused in one sentence", (text, message) => {
  expect(() => parseSubnet(text)).toThrow(message);
});

test("a subnet that is not written from its first address is answered with the one that was meant", () => {
  expect(() => parseSubnet("10.111.0.5/24")).toThrow(
    expect.objectContaining({ hint: "write 10.111.0.0/24" }),
  );
});

test("addresses are chosen from the lowest, past the gateway and short of the broadcast", () => {
  const subnet = parseSubnet("10.1.2.0/29");
  expect(gatewayOf(subnet)).toBe("10.1.2.1");
  const leased = new Set<string>();
  for (let i = 0; i < 5; i++) leased.add(chooseAddress(subnet, leased));
  expect([...leased]).toEqual(["10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6"]);
  expect(() => chooseAddress(subnet, leased)).toThrow(
    "all 5 addresses of the subnet 10.1.2.0/29 are in use",
  );
  leased.delete("10.1.2.4");
  expect(chooseAddress(subnet, leased)).toBe("10.1.2.4");
});

test("a chosen address is in the subnet, free, and no other's", () => {
  fc.assert(
    fc.property(anySubnet, fc.integer({ min: 0, max: 4 }), (subnet, taken) => {
      const leased = new Set<string>();
      for (let i = 0; i < taken && leased.size < 2 ** (32 - subnet.prefix) - 3; i++)
        leased.add(chooseAddress(subnet, leased));
      fc.pre(leased.size < 2 ** (32 - subnet.prefix) - 3);
      const address = chooseAddress(subnet, leased);
      expect(leased).not.toContain(address);
      expect(address).not.toBe(gatewayOf(subnet));
      expect(contains(subnet, address)).toBe(true);
      expect(formatAddress(parseAddress(address)!)).toBe(address);
    }),
  );
});

test("two subnets overlap where they share an address", () => {
  const apart = (a: string, b: string): boolean => !overlap(parseSubnet(a), parseSubnet(b));
  expect(apart("10.111.0.0/16", "10.112.0.0/16")).toBe(true);
  expect(apart("10.111.0.0/16", "10.111.4.0/24")).toBe(false);
  expect(apart("10.111.0.0/16", "10.0.0.0/8")).toBe(false);
});

test("a MAC is made from the address and is locally administered", () => {
  expect(macOf("10.111.0.255")).toBe("02:6b:0a:6f:00:ff");
});

/** A host with a default route, its own network, a company's behind a VPN, and our bridge. */
const procNetRoute = `\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
tun0\t0000400A\t00000000\t0001\t0\t0\t0\t0000C0FF\t0\t0\t0
kontener0\t00006F0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`;

test("host routes are read from /proc/net/route", () => {
  expect(
    parseRoutes(procNetRoute).map(({ to, device }) => `${formatSubnet(to)} ${device}`),
  ).toEqual([
    "0.0.0.0/0 eth0",
    "192.0.2.0/24 eth0",
    "0.0.0.0/1 tun0",
    "10.64.0.0/10 tun0",
    "10.111.0.0/16 kontener0",
  ]);
});

test("a subnet that collides with a route is refused, and the route is named", () => {
  const routes = parseRoutes(procNetRoute);
  const refuse = (text: string): void => refuseCollision(parseSubnet(text), routes, "kontener0");
  expect(() => refuse("10.111.0.0/16")).toThrow(
    expect.objectContaining({
      message:
        "the containers' subnet 10.111.0.0/16 collides with the host's route to 10.64.0.0/10 through tun0",
      hint: expect.stringContaining("KONTENER_SUBNET="),
    }),
  );
  refuse("10.200.0.0/16"); // the ways to the rest of the world collide with nothing
  refuseCollision(
    parseSubnet("10.111.0.0/16"),
    routes.filter(({ device }) => device === "kontener0"),
    "kontener0",
  );
});

test("the settings have defaults, and what cannot be is refused", () => {
  expect(networkSettings({})).toEqual({
    name: "bridge",
    internal: false,
    isolated: false,
    bridge: "kontener0",
    subnet: { network: parseAddress("10.111.0.0")!, prefix: 16 },
    cidr: "10.111.0.0/16",
    prefix: 16,
    gateway: "10.111.0.1",
  });
  expect(() => networkSettings({ KONTENER_BRIDGE: "a b" })).toThrow("cannot be the bridge's name");
  expect(() => networkSettings({ KONTENER_BRIDGE: "kontener012345678" })).toThrow();
});
