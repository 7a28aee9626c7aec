import { invalid, KontenerError } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { withLock } from "../linux/file-lock.ts";
import { makeDirectories, readText, rename, tryList, unlink, writeText } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { contains, formatSubnet, gatewayOf, overlap, parseSubnet, type Subnet } from "./address.ts";
import { parseRoutes } from "./routes.ts";
import { networkLock } from "./rules.ts";
import { networkSettings, type NetworkSettings } from "./settings.ts";

/** A network of the user's, in `<lib>/networks/<name>.json`. Its bridge is raised by the first container that needs it. */
export type UserNetwork = {
  name: string;
  /** Eight hexadecimal digits: the bridge is called `kn-<id>`. */
  id: string;
  created: string;
  subnet: string;
  gateway: string;
  internal: boolean;
  isolated: boolean;
  labels: Record<string, string>;
};

const directoryOf = (paths: Paths): string => `${paths.lib}/networks`;

export function settingsOf(network: UserNetwork): NetworkSettings {
  const { name, id, gateway, internal, isolated } = network;
  const subnet = parseSubnet(network.subnet);
  const { prefix } = subnet;
  return {
    name,
    bridge: `kn-${id}`,
    subnet,
    cidr: formatSubnet(subnet),
    prefix,
    gateway,
    internal,
    isolated,
  };
}

/** All of them, by name; one that cannot be read is an error in words. */
export async function listNetworks(paths: Paths): Promise<UserNetwork[]> {
  const files = tryList(directoryOf(paths)).filter((file) => file.endsWith(".json"));
  const { parseNetwork } = await import("./network-schema.ts");
  return files.sort().map((file) => {
    const path = `${directoryOf(paths)}/${file}`;
    try {
      return parseNetwork(readText(path));
    } catch (error) {
      throw new KontenerError(
        `cannot read the network's record ${path}: ${(error as Error).message}`,
        {
          code: "INVALID",
          hint: `remove it if it is not kontener's: rm ${path}`,
          cause: error,
        },
      );
    }
  });
}

/** The network that a name means, `bridge` included. Throws NOT_FOUND. */
export async function findNetwork(name: string, paths: Paths): Promise<NetworkSettings> {
  if (name === "bridge") return networkSettings();
  return settingsOf(await findUserNetwork(name, paths));
}

export async function findUserNetwork(name: string, paths: Paths): Promise<UserNetwork> {
  const all = await listNetworks(paths);
  const found = all.find((network) => network.name === name);
  if (found) return found;
  const close = nearest(
    name,
    all.map((network) => network.name),
  );
  throw new KontenerError(`there is no network ${JSON.stringify(name)}`, {
    code: "NOT_FOUND",
    hint:
      close.length > 0 ? `did you mean ${close.join(" or ")}?` : `kontener network create ${name}`,
  });
}

export type Wanted = Pick<UserNetwork, "name" | "internal" | "isolated" | "labels"> & {
  /** Without it the first /24 of 10.112.0.0/12 that nobody uses. */
  subnet?: string;
  /** Without it the subnet's first address. */
  gateway?: string;
};

/** Notes a network; nothing of the host is changed. Throws CONFLICT where the name or the subnet is taken. */
export const createNetwork = (wanted: Wanted, paths: Paths): Promise<UserNetwork> =>
  withLock(networkLock, async () => {
    const others = await listNetworks(paths);
    if (others.some(({ name }) => name === wanted.name))
      throw new KontenerError(`there is a network ${JSON.stringify(wanted.name)} already`, {
        code: "CONFLICT",
        hint: `take another name, or kontener network rm ${wanted.name}`,
      });
    const taken = [
      { to: networkSettings().subnet, of: "bridge" },
      ...others.map(({ name, subnet }) => ({ to: parseSubnet(subnet), of: name })),
      ...parseRoutes(readText("/proc/net/route"))
        .filter(({ to }) => to.prefix > 1)
        .map(({ to, device }) => ({ to, of: device })),
    ];
    const subnet = chooseSubnet(wanted.subnet, taken);
    const gateway = wanted.gateway ?? gatewayOf(subnet);
    if (!contains(subnet, gateway) || gateway === formatSubnet(subnet).split("/")[0])
      throw invalid(`--gateway ${gateway} is not an address in ${formatSubnet(subnet)}`);
    const { name, internal, isolated, labels } = wanted;
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex");
    const created = new Date().toISOString();
    const cidr = formatSubnet(subnet);
    const network = { name, id, created, subnet: cidr, gateway, internal, isolated, labels };
    const file = `${directoryOf(paths)}/${name}.json`;
    makeDirectories(directoryOf(paths), 0o711);
    writeText(`${file}.new`, `${JSON.stringify(network)}\n`, 0o600);
    rename(`${file}.new`, file);
    return network;
  });

type Taken = { to: Subnet; of: string };

/** Pure: the wanted one, or the first that is free. */
export function chooseSubnet(wanted: string | undefined, taken: readonly Taken[]): Subnet {
  const rival = (subnet: Subnet) => taken.find(({ to }) => overlap(subnet, to));
  if (wanted !== undefined) {
    const subnet = parseSubnet(wanted);
    const other = rival(subnet);
    if (!other) return subnet;
    throw new KontenerError(
      `the subnet ${wanted} collides with ${formatSubnet(other.to)} of ${other.of}`,
      { code: "CONFLICT", hint: "leave --subnet out: a free one is taken" },
    );
  }
  const size = 2 ** 8;
  const pool = { network: 10 * 2 ** 24 + 112 * 2 ** 16, prefix: 12 };
  for (let network = pool.network; network < pool.network + 2 ** 20; network += size) {
    const subnet = { network, prefix: 24 };
    if (!rival(subnet)) return subnet;
  }
  throw new KontenerError("all subnets of 10.112.0.0/12 are in use", {
    code: "CONFLICT",
    hint: "name one: --subnet 192.168.50.0/24",
  });
}

export const forgetNetwork = (name: string, paths: Paths): void =>
  unlink(`${directoryOf(paths)}/${name}.json`);
