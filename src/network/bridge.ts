import { readBridge } from "./bridge-record.ts";
import { networkSettings } from "./settings.ts";

/** What a container has to know of the bridge. */
export type Bridge = { bridge: string; gateway: string; prefix: number };

/**
 * Makes sure that the bridge is there with its rules. Where it is, that is one small file to read; else the task that
 * raises it is loaded and run, which other starts at the same moment wait for. Without a firewall's tool it is tried
 * again at each start, so that a start after the tool was installed finds it, and one before says what is missing.
 *
 * @param warn told in one line where containers will have no way out.
 */
export async function ensureBridge(warn: (text: string) => void): Promise<Bridge> {
  const settings = networkSettings();
  const { bridge, gateway, prefix, cidr } = settings;
  const record = readBridge(bridge);
  const ready =
    typeof record === "object" &&
    record.cidr === cidr &&
    (record.firewall === "nftables" || record.firewall === "iptables");
  if (!ready) {
    const { up } = await import("../../tasks/network.ts");
    for (const warning of await up({ settings, onlyIfNeeded: true })) warn(warning);
  }
  return { bridge, gateway, prefix };
}
