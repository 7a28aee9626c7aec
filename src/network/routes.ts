import { KontenerError } from "../abi/error.ts";
import { formatSubnet, overlap, type Subnet } from "./address.ts";

export type HostRoute = { to: Subnet; device: string };

/** A route as wide as this leads to the rest of the world: the default, or the two halves that VPNs make of it. */
const WIDEST = 1;

/** Reads /proc/net/route: the main table, addresses as hexadecimal numbers in the machine's (little-endian) order. */
export function parseRoutes(text: string): HostRoute[] {
  return text
    .split("\n")
    .slice(1)
    .filter((line) => line.trim())
    .map((line) => {
      const [device = "", destination = "", , , , , , mask = ""] = line
        .split("\t")
        .map((s) => s.trim());
      const prefix = hostOrder(mask).toString(2).replaceAll("0", "").length;
      return { to: { network: hostOrder(destination), prefix }, device };
    });
}

/** The interfaces that default routes go through. */
export const defaultDevices = (routes: readonly HostRoute[]): string[] =>
  routes.filter(({ to }) => to.prefix === 0).map(({ device }) => device);

const hostOrder = (hex: string): number =>
  parseInt(hex.match(/../g)?.reverse().join("") ?? "0", 16);

/** Throws where the subnet takes addresses that the host reaches by another way than `bridge`. */
export function refuseCollision(
  subnet: Subnet,
  routes: readonly HostRoute[],
  bridge: string,
): void {
  const other = routes.find(
    ({ to, device }) => device !== bridge && to.prefix > WIDEST && overlap(subnet, to),
  );
  if (!other) return;
  throw new KontenerError(
    `the containers' subnet ${formatSubnet(subnet)} collides with the host's route to ${formatSubnet(other.to)} through ${other.device}`,
    {
      code: "CONFLICT",
      hint: "choose a subnet that the host does not use: KONTENER_SUBNET=10.112.0.0/16 (any private one)",
    },
  );
}
