import { invalid } from "../abi/error.ts";
import { formatSubnet, gatewayOf, parseSubnet, type Subnet } from "./address.ts";

/** The containers' network. Tests and several engines on one host set the two variables. */
export type NetworkSettings = {
  /** `KONTENER_BRIDGE`, default kontener0: also the name of the rules' table. */
  bridge: string;
  /** `KONTENER_SUBNET`, default 10.111.0.0/16. */
  subnet: Subnet;
  /** The same as text. */
  cidr: string;
  prefix: number;
  /** The bridge's own address: the first of the subnet. */
  gateway: string;
};

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
  return { bridge, subnet, cidr: formatSubnet(subnet), prefix, gateway: gatewayOf(subnet) };
}
