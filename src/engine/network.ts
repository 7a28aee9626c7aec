import type { Paths } from "../linux/paths.ts";
import type { HostStep } from "../plan/host-step.ts";
import { shortId } from "./id.ts";

/** A container's connection to the bridge. */
export type Cable = { address: string; gateway: string; steps: HostStep[] };

/** Makes sure of the bridge, takes an address, and says what has to be done once there is a network namespace. */
export async function plugCable(
  id: string,
  paths: Paths,
  say: { warn(text: string): void },
): Promise<Cable> {
  const { ensureBridge } = await import("../network/bridge.ts");
  const { takeLease } = await import("../network/lease.ts");
  const { planNetwork } = await import("../network/plan.ts");
  const bridge = await ensureBridge(paths, say.warn);
  const address = takeLease(id, paths);
  const steps = planNetwork({ id: shortId(id), address, ...bridge });
  return { address, gateway: bridge.gateway, steps };
}
