import { KontenerError } from "../abi/error.ts";
import { readLink, tryList } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { listLeases, releaseLease, takeLease, takeThisLease } from "../network/lease.ts";
import { linkName, MOST_CABLES } from "../network/link-name.ts";
import { planNetwork } from "../network/plan.ts";
import { findNetwork } from "../network/user-networks.ts";
import { networkMode } from "../spec/network.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { announce } from "./hosts.ts";
import type { Entry } from "./list.ts";
import { saveCopy, staysAfterReboot } from "./reboot.ts";
import { rewriteRecord } from "./record.ts";

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
