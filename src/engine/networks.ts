import { KontenerError } from "../abi/error.ts";
import { readLink, tryList } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { listLeases, releaseLease, takeLease, takeThisLease } from "../network/lease.ts";
import { linkName, MOST_CABLES } from "../network/link-name.ts";
import { planNetwork } from "../network/plan.ts";
import { networkSettings, type NetworkSettings } from "../network/settings.ts";
import {
  findNetwork,
  findUserNetwork,
  forgetNetwork,
  listNetworks,
  settingsOf,
} from "../network/user-networks.ts";
import { networkMode, reservedNetworks } from "../spec/network.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { announce } from "./hosts.ts";
import { listContainers, type Entry } from "./list.ts";
import { saveCopy, staysAfterReboot } from "./reboot.ts";
import { rewriteRecord } from "./record.ts";

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

/**
 * Puts a container on a further network, now and at each later start. Noted in its record first, so that whoever removes
 * the container removes the cable. The caller holds the container ({@link exclusively}).
 */
export async function connect(
  entry: Entry,
  name: string,
  { ip }: Pick<ContainerOptions, "ip">,
  paths: Paths,
): Promise<void> {
  const settings = await findNetwork(name, paths);
  const { record, status, state } = entry;
  const before = networkMode(record.options);
  if (!record.detached || before.mode === "host" || before.mode === "container")
    throw new KontenerError(
      record.detached
        ? `container ${record.name} has no network of its own: it was made with --network ${[record.options.network].flat()[0]}`
        : `container ${record.name} ends with the command that started it, and keeps its networks`,
      { code: "UNSUPPORTED", hint: `start it with -d --network ${name}`, exitCode: 1 },
    );
  const names = before.mode === "cables" ? before.names : [];
  if (names.includes(name))
    throw new KontenerError(`container ${record.name} is on the network ${name} already`, {
      code: "CONFLICT",
      exitCode: 1,
    });
  const all = [...names, name];
  if (all.length > MOST_CABLES)
    throw new KontenerError(`a container has ${MOST_CABLES} networks at most`, { code: "INVALID" });
  const link = linkName(record.id);
  note(entry, all, paths);
  if ((status !== "running" && status !== "paused") || !state) return;
  const { ensureBridge } = await import("../network/bridge.ts");
  const { applyLinkSteps } = await import("../network/apply.ts");
  const { mtu } = await ensureBridge(settings, () => undefined);
  let address: string | undefined;
  try {
    address =
      ip === undefined
        ? takeLease(record.id, paths, settings.subnet, settings.gateway)
        : takeThisLease(record.id, ip, paths, settings);
    const index = freeIndex(link);
    const steps = planNetwork({
      id: record.id,
      address,
      prefix: settings.prefix,
      gateway: settings.gateway,
      bridge: settings.bridge,
      isolated: (record.options.isolated ?? false) || settings.isolated,
      index,
      wayOut: names.length === 0 && !settings.internal,
      ...(mtu === undefined ? {} : { mtu }),
    });
    applyLinkSteps(steps, state.pid);
    if (name !== "bridge") await announce(record.id, paths);
  } catch (error) {
    if (address !== undefined) releaseLease(address, paths);
    note(entry, names, paths);
    throw error;
  }
}

function freeIndex(link: string): number {
  const there = tryList("/sys/class/net");
  for (let index = 0; ; index++)
    if (!there.includes(index === 0 ? link : `${link}${index}`)) return index;
}

/** Takes a container off a network, with the ports that are published there. The caller holds the container. */
export async function disconnect(entry: Entry, name: string, paths: Paths): Promise<void> {
  const settings = await findNetwork(name, paths);
  const { record } = entry;
  const before = networkMode(record.options);
  const names = before.mode === "cables" ? before.names : [];
  if (!names.includes(name))
    throw new KontenerError(`container ${record.name} is not on the network ${name}`, {
      code: "NOT_FOUND",
      hint: names.length > 0 ? `it is on ${names.join(", ")}` : undefined,
      exitCode: 1,
    });
  const lease = listLeases(paths, settings.subnet).find(({ id }) => id === record.id);
  if (lease) {
    const { removeLink } = await import("../network/apply.ts");
    for (const link of cablesInto(settings.bridge, linkName(record.id))) removeLink(link);
    const { releasePorts } = await import("../network/publish.ts");
    await releasePorts(record.id, paths, settings.bridge);
    if (name !== "bridge") await announce(record.id, paths, settings.subnet);
    releaseLease(lease.address, paths);
  }
  note(
    entry,
    names.filter((other) => other !== name),
    paths,
  );
}

const cablesInto = (bridge: string, link: string): string[] =>
  tryList("/sys/class/net").filter((name) => {
    if (!name.startsWith(link)) return false;
    try {
      return readLink(`/sys/class/net/${name}/master`).endsWith(`/${bridge}`);
    } catch {
      return false; // in no bridge, or gone in this moment
    }
  });

function note({ record }: Pick<Entry, "record">, names: readonly string[], paths: Paths): void {
  const network = names.length === 0 ? "none" : names.length === 1 ? names[0]! : [...names];
  const link = names.length === 0 ? null : linkName(record.id);
  const changed = { ...record, link, options: { ...record.options, network } };
  rewriteRecord(changed, paths);
  if (staysAfterReboot(record)) saveCopy(changed, paths);
}
