import { invalid } from "../abi/error.ts";
import { formatSubnet, gatewayOf, parseSubnet, type Subnet } from "./address.ts";

/** A network of containers, which is a bridge. */
export type NetworkSettings = {
  /** "bridge" is the one that is always there. */
  name: string;
  /** Its interface, of the first `KONTENER_BRIDGE`, default kontener0: also the name of the rules' table. */
  bridge: string;
  /** Of the first `KONTENER_SUBNET`, default 10.111.0.0/16. */
  subnet: Subnet;
  /** The same as text. */
  cidr: string;
  prefix: number;
  /** The bridge's own address, by default the first of the subnet. */
  gateway: string;
  /** Nothing goes in or out, but between the bridge and its host. */
  internal: boolean;
  /** Each container on it is as with `--isolated`. */
  isolated: boolean;
};

/** The one that is always there. Tests and several engines on one host set the two variables. */
export function networkSettings(
  env: Record<string, string | undefined> = process.env,
): NetworkSettings {
  const bridge = env["KONTENER_BRIDGE"] || "kontener0";
  // 15 bytes are what the kernel allows (IFNAMSIZ), and these letters what nft and iptables take as a name.
  if (!/^[a-z][a-z0-9_-]{0,14}$/i.test(bridge))
    throw invalid(
      `“${bridge}” cannot be the bridge's name`,
      "KONTENER_BRIDGE takes a letter, then up to 14 letters, digits, - and _",
    );
  const subnet = parseSubnet(env["KONTENER_SUBNET"] || "10.111.0.0/16");
  const { prefix } = subnet;
  return {
    name: "bridge",
    bridge,
    subnet,
    cidr: formatSubnet(subnet),
    prefix,
    gateway: gatewayOf(subnet),
    internal: false,
    isolated: false,
  };
}
