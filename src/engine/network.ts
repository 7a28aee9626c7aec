import { chooseAddress } from "../network/address.ts";
import { planNetwork } from "../network/plan.ts";
import { networkSettings } from "../network/settings.ts";
import type { Paths } from "../linux/paths.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { ContainerOptions } from "../spec/options.ts";

/** A container's connection to the bridge. */
export type Cable = { address: string; gateway: string; steps: HostStep[] };

/** Makes sure of the bridge, takes an address, and says what has to be done once there is a network namespace. */
export async function plugCable(
  id: string,
  { isolated = false }: Pick<ContainerOptions, "isolated">,
  paths: Paths,
  warn: (text: string) => void,
): Promise<Cable> {
  const { ensureBridge } = await import("../network/bridge.ts");
  const { takeLease } = await import("../network/lease.ts");
  const bridge = await ensureBridge(warn);
  const address = takeLease(id, paths);
  return {
    address,
    gateway: bridge.gateway,
    steps: planNetwork({ id, address, isolated, ...bridge }),
  };
}

/** The same for `--dry-run`: the first address of the subnet stands for the one that would be free. */
export function imagineCable(
  id: string,
  { isolated = false }: Pick<ContainerOptions, "isolated">,
): Cable {
  const { bridge, gateway, prefix, subnet } = networkSettings();
  const address = chooseAddress(subnet, new Set());
  return {
    address,
    gateway,
    steps: planNetwork({ id, address, prefix, gateway, bridge, isolated }),
  };
}
