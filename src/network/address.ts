import { invalid, KontenerError } from "../abi/error.ts";

/** An IPv4 network. Addresses are numbers here, the first octet in the highest eight bits. */
export type Subnet = { network: number; prefix: number };

/** `10.111.0.2` as a number; undefined where it is none. */
export function parseAddress(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const octets = text.split(".").map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

export const formatSubnet = ({ network, prefix }: Subnet): string =>
  `${formatAddress(network)}/${prefix}`;

const sizeOf = (prefix: number): number => 2 ** (32 - prefix);
const firstOf = (address: number, prefix: number): number => address - (address % sizeOf(prefix));

/** From here down and up an address is no single host's: 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3. */
const notForHosts: readonly Subnet[] = [
  { network: 0, prefix: 8 },
  { network: 127 * 2 ** 24, prefix: 8 },
  { network: 224 * 2 ** 24, prefix: 3 },
];

/** Reads `10.111.0.0/16`. A prefix from 8 to 30: below it is no private subnet, above it has no room for a container. */
export function parseSubnet(text: string): Subnet {
  const example = "for example 10.111.0.0/16";
  const [, addressText = "", prefixText] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const address = parseAddress(addressText);
  if (address === undefined)
    throw invalid(`“${text}” is not a subnet`, `write ADDRESS/PREFIX, ${example}`);
  const prefix = Number(prefixText);
  if (prefix < 8 || prefix > 30)
    throw invalid(
      `the subnet ${text} has a prefix that is not from 8 to 30`,
      `write one ${example}`,
    );
  const network = firstOf(address, prefix);
  const subnet = { network, prefix };
  if (network !== address)
    throw invalid(
      `${text} is not the first address of its subnet`,
      `write ${formatSubnet(subnet)}`,
    );
  if (notForHosts.some((other) => overlap(subnet, other)))
    throw invalid(
      `the subnet ${text} is not one that hosts can have`,
      `take a private one, ${example}`,
    );
  return subnet;
}

/** The bridge's own address, the first of the subnet. */
export const gatewayOf = (subnet: Subnet): string => formatAddress(subnet.network + 1);

export function contains(subnet: Subnet, address: string): boolean {
  const value = parseAddress(address);
  return value !== undefined && firstOf(value, subnet.prefix) === subnet.network;
}

/** Neither the network's own address nor the one for all (RFC 1812, 4.2.2.11). */
export function isForHosts(subnet: Subnet, address: string): boolean {
  const value = parseAddress(address) ?? 0;
  const last = subnet.network + sizeOf(subnet.prefix) - 1;
  return value > subnet.network && value < last;
}

/** Two networks are apart, or one lies in the other. */
export const overlap = (a: Subnet, b: Subnet): boolean => {
  const prefix = Math.min(a.prefix, b.prefix);
  return firstOf(a.network, prefix) === firstOf(b.network, prefix);
};

/** The lowest address that is free, past the gateway and short of the broadcast address. */
export function chooseAddress(subnet: Subnet, leased: ReadonlySet<string>): string {
  const broadcast = subnet.network + sizeOf(subnet.prefix) - 1;
  for (let address = subnet.network + 2; address < broadcast; address++) {
    const text = formatAddress(address);
    if (!leased.has(text)) return text;
  }
  throw new KontenerError(
    `all ${sizeOf(subnet.prefix) - 3} addresses of the subnet ${formatSubnet(subnet)} are in use`,
    {
      code: "CONFLICT",
      hint: "end a container, or take a larger subnet: kontener network down, then set KONTENER_SUBNET (10.111.0.0/16 has 65,533)",
    },
  );
}

/**
 * A MAC made from an address, locally administered (the 02). An address that is leased again then comes with the MAC that
 * its neighbours may still remember; a random one would leave it unreachable until their ARP entry ends.
 */
export function macOf(address: string): string {
  const octets = address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
  return ["02", "6b", ...octets].join(":");
}
