import { isReady, readMtu } from "./bridge-record.ts";
import type { NetworkSettings } from "./settings.ts";

/** What only the bridge itself knows: the largest packet, where it is not the usual one. */
export type Bridge = { mtu?: number };

const USUAL_MTU = 1500;

/**
 * Makes sure that the bridge is there with its rules. Where it is, that is two small files to read and one question to the
 * kernel; else the task that raises it is loaded and run, which other starts at the same moment wait for. Without a
 * firewall's tool it is tried again at each start, so that a start after the tool was installed finds it, and one before
 * says what is missing.
 *
 * @param warn told in one line where containers will have no way out.
 */
export async function ensureBridge(
  settings: NetworkSettings,
  warn: (text: string) => void,
): Promise<Bridge> {
  if (!isReady(settings)) {
    const { up } = await import("../../tasks/network.ts");
    for (const warning of await up({ settings, onlyIfNeeded: true })) warn(warning);
  }
  const mtu = readMtu(settings.bridge);
  return mtu === USUAL_MTU ? {} : { mtu };
}
