import { isErrno, list, readText } from "../linux/files.ts";
import { hasNftTable } from "../linux/netlink.ts";
import type { Firewall } from "./firewall.ts";
import type { NetworkSettings } from "./settings.ts";

/**
 * What has to be known of a bridge to use it and to take it down. It is kept as the bridge's alias, so that it exists
 * exactly as long as the bridge does, whatever becomes of files, and `ip link` shows it.
 */
export type BridgeRecord = {
  /** The subnet that the bridge and its rules are for. */
  cidr: string;
  /** net.ipv4.ip_forward before the first of kontener's bridges. */
  forwardingWas: string;
  /** Who keeps the rules; undefined until all is set up. */
  firewall: Firewall | undefined;
  /** `network create --internal`: nothing goes in or out. */
  internal: boolean;
};

export const formatRecord = ({ cidr, forwardingWas, firewall, internal }: BridgeRecord): string =>
  `kontener ${cidr} ip_forward-was=${forwardingWas}${internal ? " internal" : ""}${firewall ? ` firewall=${firewall}` : ""}`;

const pattern =
  /^kontener (\S+) ip_forward-was=([01])( internal)?(?: firewall=(nftables|iptables|none))?\s*$/;

export function parseRecord(alias: string): BridgeRecord | undefined {
  const [, cidr, forwardingWas, internal, firewall] = pattern.exec(alias) ?? [];
  if (cidr === undefined || forwardingWas === undefined) return undefined;
  return {
    cidr,
    forwardingWas,
    firewall: firewall as Firewall | undefined,
    internal: internal !== undefined,
  };
}

/** The record of interface `name`: "none" where there is no such interface, "foreign" where it is not kontener's. */
export function readBridge(name: string): BridgeRecord | "none" | "foreign" {
  try {
    return parseRecord(readText(`/sys/class/net/${name}/ifalias`)) ?? "foreign";
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "none";
    throw error;
  }
}

/**
 * Whether the bridge is there for this subnet, with its rules: somebody may have flushed them, as a restart of
 * nftables.service does. iptables's are not looked for, as that would take starting it.
 */
export function isReady({ bridge, cidr }: Pick<NetworkSettings, "bridge" | "cidr">): boolean {
  const record = readBridge(bridge);
  if (typeof record === "string" || record.cidr !== cidr) return false;
  return record.firewall === "nftables" ? hasNftTable(bridge) : record.firewall === "iptables";
}

/** The largest packet that an interface takes. */
export const readMtu = (name: string): number => Number(readText(`/sys/class/net/${name}/mtu`));

/** Records of all of kontener's bridges but `name`: other engines', which forwarding is needed for as well. */
export function otherBridges(name: string): BridgeRecord[] {
  return list("/sys/class/net").flatMap((other) => {
    const record = other === name ? "none" : readBridge(other);
    return typeof record === "string" ? [] : [record];
  });
}
