import { invalid, KontenerError } from "../abi/error.ts";
import type { ImageConfig } from "../image/image.ts";
import type { Paths } from "../linux/paths.ts";
import { chooseAddress, formatSubnet } from "../network/address.ts";
import { MOST_CABLES } from "../network/link-name.ts";
import { planNetwork } from "../network/plan.ts";
import type { Wish } from "../network/publish.ts";
import { ANY, formatPublished, type Published } from "../network/published.ts";
import { networkSettings, type NetworkSettings } from "../network/settings.ts";
import type { HostStep } from "../plan/host-step.ts";
import { networkMode } from "../spec/network.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { parsePort } from "../spec/publish.ts";

/** A container's connection to its networks. The address is that on the first of them. */
export type Cable = { address: string; gateway: string; steps: HostStep[] };

type Plugged = { settings: NetworkSettings; address: string; mtu?: number };

/**
 * Makes sure of the bridges, takes addresses and ports, and says what has to be done once there is a network namespace.
 */
export async function plugCable(
  id: string,
  options: ContainerOptions,
  paths: Paths,
  warn: (text: string) => void,
  config: ImageConfig = {},
): Promise<Cable> {
  const { ensureBridge } = await import("../network/bridge.ts");
  const { takeLease, takeThisLease } = await import("../network/lease.ts");
  const plugged: Plugged[] = [];
  for (const settings of await settingsFor(options, paths)) {
    const { mtu } = await ensureBridge(settings, warn);
    const wanted = plugged.length === 0 ? options.ip : undefined;
    const address =
      wanted === undefined
        ? takeLease(id, paths, settings.subnet, settings.gateway)
        : takeThisLease(id, wanted, paths, settings);
    plugged.push({ settings, address, ...(mtu === undefined ? {} : { mtu }) });
  }
  const wishes = wishesOf(options, config);
  let ports: Published[] = [];
  if (wishes.length > 0) {
    const { claimPorts } = await import("../network/publish.ts");
    const { settings, address } = wayOutOf(plugged);
    ports = await claimPorts(wishes, { id, address, bridge: settings.bridge }, paths);
  }
  return cableOf(id, options, plugged, ports, paths);
}

/** The same for `--dry-run`: the first address of the subnet stands for the one that would be free. */
export async function imagineCable(
  id: string,
  options: ContainerOptions,
  paths: Paths,
  config: ImageConfig = {},
): Promise<Cable> {
  const plugged = (await settingsFor(options, paths)).map((settings, i) => ({
    settings,
    address: (i === 0 ? options.ip : undefined) ?? chooseAddress(settings.subnet, new Set()),
  }));
  const wishes = wishesOf(options, config);
  const ports = wishes.map(({ hostIp = ANY, hostPort = 32768, ...port }) => {
    const { settings, address } = wayOutOf(plugged);
    return { hostIp, hostPort, ...port, id, address, bridge: settings.bridge };
  });
  return cableOf(id, options, plugged, ports, paths);
}

async function settingsFor(options: ContainerOptions, paths: Paths): Promise<NetworkSettings[]> {
  const found = networkMode(options);
  const names = found.mode === "cables" ? found.names : [];
  if (names.length > MOST_CABLES)
    throw invalid(`a container has ${MOST_CABLES} networks at most, not ${names.length}`);
  if (names.every((name) => name === "bridge")) return [networkSettings()];
  const { findNetwork } = await import("../network/user-networks.ts");
  return await Promise.all(names.map((name) => findNetwork(name, paths)));
}

/** The first of its networks that leads anywhere. */
function wayOutOf(plugged: readonly Plugged[]): Plugged {
  const found = plugged.find(({ settings }) => !settings.internal);
  if (found) return found;
  throw invalid(
    "--publish means nothing on an internal network: nobody outside reaches it",
    "add --network bridge",
  );
}

function wishesOf({ publish = [], publishAll }: ContainerOptions, config: ImageConfig): Wish[] {
  const named = (wish: Wish) =>
    publish.some((p) => p.containerPort === wish.containerPort && p.protocol === wish.protocol);
  const exposed = publishAll
    ? Object.keys(config.ExposedPorts ?? {}).map((text) => parsePort("the image's port", text))
    : [];
  return [...publish, ...exposed.filter((wish) => !named(wish))];
}

/** Pure: what is done, in order. */
function cableOf(
  id: string,
  { isolated = false }: ContainerOptions,
  plugged: readonly Plugged[],
  ports: readonly Published[],
  paths: Paths,
): Cable {
  const [first] = plugged;
  if (!first)
    throw new KontenerError("a container without a network has no cable", { code: "INVALID" });
  const wayOut = plugged.findIndex(({ settings }) => !settings.internal);
  const steps: HostStep[] = plugged.flatMap(({ settings, address, mtu }, index) =>
    planNetwork({
      id,
      address,
      prefix: settings.prefix,
      gateway: settings.gateway,
      bridge: settings.bridge,
      isolated: isolated || settings.isolated,
      index,
      wayOut: index === wayOut,
      hairpin: index === wayOut && ports.length > 0,
      ...(mtu === undefined ? {} : { mtu }),
    }),
  );
  for (const bridge of new Set(ports.map((port) => port.bridge)))
    steps.push({
      call: "publish",
      bridge,
      ports: ports.map((port) => ({ ...port, text: formatPublished(port) })),
      state: paths,
      why: "from now on what comes to these ports of the host is sent to the container (NAT): from outside, from the host and from containers",
    });
  const named = plugged.filter(({ settings }) => settings.name !== "bridge");
  if (named.length > 0)
    steps.push({
      call: "announce",
      id,
      networks: named.map(({ settings }) => `${settings.name}=${formatSubnet(settings.subnet)}`),
      state: paths,
      why: "its name and address go into /etc/hosts of its neighbours, and theirs into its own",
    });
  return { address: first.address, gateway: plugged[Math.max(wayOut, 0)]!.settings.gateway, steps };
}
