import { isReady, readMtu } from "./bridge-record.ts";
import { networkSettings } from "./settings.ts";

/** What a container has to know of the bridge. */
export type Bridge = { bridge: string; gateway: string; prefix: number; mtu?: number };

const USUAL_MTU = 1500;

/**
 * Makes sure that the bridge is there with its rules. Where it is, that is two small files to read and one question to the
 * kernel; else the task that raises it is loaded and run, which other starts at the same moment wait for. Without a
 * firewall's tool it is tried again at each start, so that a start after the tool was installed finds it, and one before
 * says what is missing.
 *
 * @param warn told in one line where containers will have no way out.
 */
export async function ensureBridge(warn: (text: string) => void): Promise<Bridge> {
  const settings = networkSettings();
  if (!isReady(settings)) {
    const { up } = await import("../../tasks/network.ts");
    for (const warning of await up({ settings, onlyIfNeeded: true })) warn(warning);
  }
  const { bridge, gateway, prefix } = settings;
  const mtu = readMtu(bridge);
  return { bridge, gateway, prefix, ...(mtu === USUAL_MTU ? {} : { mtu }) };
}
