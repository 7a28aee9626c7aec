import { KontenerError } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import { listLeases } from "../network/lease.ts";
import { networkSettings, type NetworkSettings } from "../network/settings.ts";
import {
  findUserNetwork,
  forgetNetwork,
  listNetworks,
  settingsOf,
} from "../network/user-networks.ts";
import { reservedNetworks } from "../spec/network.ts";
import { listContainers } from "./list.ts";

export { createNetwork, listNetworks, type UserNetwork } from "../network/user-networks.ts";

/** A network with who is on it at this moment. */
export async function describeNetwork(name: string, paths: Paths) {
  const user = name === "bridge" ? undefined : await findUserNetwork(name, paths);
  const settings = user ? settingsOf(user) : networkSettings();
  return {
    Name: name,
    Id: user?.id ?? "bridge",
    Created: user?.created ?? null,
    Driver: "bridge",
    Internal: settings.internal,
    Isolated: settings.isolated,
    Interface: settings.bridge,
    IPAM: { Config: [{ Subnet: settings.cidr, Gateway: settings.gateway }] },
    Labels: user?.labels ?? {},
    Containers: Object.fromEntries(
      membersOf(settings, paths).map(({ id, name: called, address }) => [
        id,
        { Name: called, IPv4Address: `${address}/${settings.prefix}` },
      ]),
    ),
  };
}

type Member = { id: string; name: string; address: string };

function membersOf({ subnet }: NetworkSettings, paths: Paths): Member[] {
  const leases = listLeases(paths, subnet);
  if (leases.length === 0) return [];
  const names = new Map(
    listContainers(paths, () => undefined).map(({ record }) => [record.id, record.name]),
  );
  return leases.map(({ id, address }) => ({ id, address, name: names.get(id) ?? id }));
}

/** Throws CONFLICT where containers are on it, NOT_FOUND where there is none. */
export async function removeNetwork(name: string, paths: Paths): Promise<void> {
  if (reservedNetworks.includes(name))
    throw new KontenerError(`the network ${name} is always there`, {
      code: "CONFLICT",
      hint: name === "bridge" ? "kontener network down takes its bridge away" : undefined,
      exitCode: 1,
    });
  const network = await findUserNetwork(name, paths);
  const members = membersOf(settingsOf(network), paths);
  if (members.length > 0)
    throw new KontenerError(`the network ${name} is in use`, {
      code: "CONFLICT",
      hint: `end these containers first, or take them off it (kontener network disconnect): ${members.map((m) => m.name).join(" ")}`,
      exitCode: 1,
    });
  const { lower } = await import("../../tasks/network.ts");
  await lower(settingsOf(network));
  forgetNetwork(name, paths);
}

/** Those that no container is on, nor was made with. Returns their names. */
export async function pruneNetworks(paths: Paths): Promise<string[]> {
  const wanted = new Set(
    listContainers(paths, () => undefined).flatMap(({ record }) => record.options.network ?? []),
  );
  const removed: string[] = [];
  for (const network of await listNetworks(paths)) {
    if (wanted.has(network.name) || membersOf(settingsOf(network), paths).length > 0) continue;
    await removeNetwork(network.name, paths);
    removed.push(network.name);
  }
  return removed;
}
