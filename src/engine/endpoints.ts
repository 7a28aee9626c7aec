import { macOf } from "../network/address.ts";
import { listLeases } from "../network/lease.ts";
import { findNetwork } from "../network/user-networks.ts";
import type { Paths } from "../linux/paths.ts";
import { networkMode } from "../spec/network.ts";
import type { Entry } from "./list.ts";

export type Endpoint = {
  IPAddress: string;
  IPPrefixLen: number;
  Gateway: string;
  MacAddress: string;
  Aliases: string[];
};

/** Where a container is on its networks, with docker's names; empty addresses where it does not run. */
export async function endpointsOf(
  { record }: Pick<Entry, "record">,
  paths: Paths,
): Promise<Record<string, Endpoint>> {
  const found = networkMode(record.options);
  if (found.mode !== "cables") return {};
  const endpoints: Record<string, Endpoint> = {};
  for (const name of found.names) {
    const settings = await findNetwork(name, paths).catch(() => undefined);
    if (!settings) continue; // removed while it did not run
    const lease = listLeases(paths, settings.subnet).find(({ id }) => id === record.id);
    endpoints[name] = {
      IPAddress: lease?.address ?? "",
      IPPrefixLen: lease ? settings.prefix : 0,
      Gateway: lease ? settings.gateway : "",
      MacAddress: lease ? macOf(lease.address) : "",
      Aliases: name === "bridge" ? [] : [record.name, ...(record.options.networkAliases ?? [])],
    };
  }
  return endpoints;
}
