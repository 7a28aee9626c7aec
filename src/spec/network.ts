import { invalid } from "../abi/error.ts";
import type { ContainerOptions } from "./options.ts";
import { quote } from "./values.ts";

/** What `--network` comes to: cables into switches, or somebody's network as a whole. */
export type NetworkMode =
  | { mode: "cables"; names: string[] }
  | { mode: "none" | "host" }
  | { mode: "container"; container: string };

const joins = "container:";

/** The names that are no network of the user's. */
export const reservedNetworks: readonly string[] = ["bridge", "host", "none", "default"];

/** Without the option: a cable into the bridge. */
export function networkMode({ network }: Pick<ContainerOptions, "network">): NetworkMode {
  const names = network === undefined ? ["bridge"] : [network].flat();
  const [first = "bridge"] = names;
  if (first === "none" || first === "host") return { mode: first };
  if (first.startsWith(joins)) return { mode: "container", container: first.slice(joins.length) };
  return { mode: "cables", names: names.map((name) => (name === "default" ? "bridge" : name)) };
}

/** docker's rule for names of networks and volumes, and short enough for a file's. */
export function checkNetworkName(flag: string, name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(name)) return;
  throw invalid(
    `${flag} ${quote(name)} is not a network's name`,
    "1 to 63 letters, digits, dots, dashes and underscores, the first one a letter or a digit; or bridge, none, host, container:NAME",
  );
}

/** What has to hold of the options that are about the network. */
export function checkNetwork(options: ContainerOptions): void {
  const { network, isolated, publish, publishAll, ip, networkAliases } = options;
  const names = [network ?? "bridge"].flat();
  for (const name of names) {
    if (name.startsWith(joins)) {
      if (name === joins) throw invalid("--network container: needs a container's name");
    } else checkNetworkName("--network", name);
  }
  if (new Set(names).size < names.length) throw invalid("--network names a network twice");
  const special = (name: string): boolean =>
    name === "none" || name === "host" || name.startsWith(joins);
  if (Array.isArray(network) && names.length > 1 && names.some(special))
    throw invalid(`--network ${names.join(" and --network ")} exclude each other`);
  if (Array.isArray(network) && names.some(special))
    throw invalid(`network: write "${names[0]}", not a list with it`);
  if (names.some(special)) {
    const given = { isolated, publish: publish?.length, "publish-all": publishAll, ip };
    for (const [flag, value] of Object.entries(given))
      if (value)
        throw invalid(
          `--${flag} means nothing with --network ${names[0]}`,
          "it is for a container with a cable of its own: --network bridge, or one of kontener network ls",
        );
  }
  if (
    (ip !== undefined || networkAliases?.length) &&
    names.every((n) => reservedNetworks.includes(n))
  )
    throw invalid(
      `--${ip === undefined ? "network-alias" : "ip"} needs a network of your own`,
      "kontener network create NAME, then --network NAME",
    );
  if (ip !== undefined && !/^\d+(\.\d+){3}$/.test(ip))
    throw invalid(`--ip ${quote(ip)} is not an IPv4 address`);
}
