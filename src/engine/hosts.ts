import { withLock } from "../linux/file-lock.ts";
import { isErrno, makeDirectories, rewriteText } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { contains, type Subnet } from "../network/address.ts";
import { listLeases, type Lease } from "../network/lease.ts";
import { networkSettings } from "../network/settings.ts";
import { listNetworks, settingsOf } from "../network/user-networks.ts";
import { hostsFile, type Neighbour } from "../oci/etc.ts";
import { networkMode } from "../spec/network.ts";
import { containersDirectory, readRecord, type Record } from "./record.ts";

/**
 * Makes /etc/hosts of all who share a network of the user's with container `id` fit who is there: a function of leases
 * and records, so that whoever does it next mends what a crash has left. The file is rewritten in place, as it is mounted.
 *
 * @param from where the container is on its way out, so that it is not named any more: everywhere, or one network
 */
export async function announce(
  id: string,
  paths: Paths,
  from?: Subnet | "everywhere",
): Promise<void> {
  makeDirectories(`${paths.run}/network`, 0o711);
  await withLock(`${paths.run}/network/hosts.lock`, async () => {
    const networks = (await listNetworks(paths)).map((network) => settingsOf(network));
    const all = listLeases(paths);
    const networkOf = ({ address }: Lease) =>
      networks.find(({ subnet }) => contains(subnet, address))?.name;
    const shared = new Set(all.filter((lease) => lease.id === id).map(networkOf));
    const leaves = (lease: Lease) =>
      lease.id === id && (from === "everywhere" || (from && contains(from, lease.address)));
    const there = all.filter((lease) => !leaves(lease));
    const affected = new Set(
      there.filter((l) => networkOf(l) !== undefined && shared.has(networkOf(l))).map((l) => l.id),
    );
    const records = new Map<string, Record>();
    for (const { id: member } of there.filter((lease) => networkOf(lease) !== undefined)) {
      const record =
        records.get(member) ?? (await readRecord(member, paths).catch(() => undefined));
      if (record) records.set(member, record); // one that nobody can read is told of by ps
    }
    for (const member of affected) {
      const record = records.get(member);
      if (!record) continue;
      const own = there.filter((lease) => lease.id === member);
      const names = new Set(own.map(networkOf));
      const neighbours = there.flatMap((lease): Neighbour[] => {
        const network = networkOf(lease);
        const other = records.get(lease.id);
        if (network === undefined || !names.has(network) || !other) return [];
        return [{ address: lease.address, names: namesOf(other) }];
      });
      const file = `${containersDirectory(paths)}/${member}/hosts`;
      try {
        rewriteText(file, hostsText(record, firstOf(record, own, networkOf), neighbours));
      } catch (error) {
        if (!isErrno(error, "ENOENT")) throw error; // not born yet: it writes the file, and comes here, itself
      }
    }
  });
}

/** Its address on the first of its networks: what it calls itself. */
function firstOf(
  { options }: Record,
  own: readonly Lease[],
  networkOf: (lease: Lease) => string | undefined,
): string | undefined {
  const found = networkMode(options);
  const [first] = found.mode === "cables" ? found.names : [];
  const lease = own.find((one) => (networkOf(one) ?? "bridge") === first);
  return (lease ?? own[0])?.address;
}

function hostsText(record: Record, address: string | undefined, neighbours: Neighbour[]): string {
  const { hostname, options } = record;
  const { gateway } = networkSettings();
  return hostsFile({ hostname, address, gateway, extra: options.addHosts ?? [], neighbours });
}

const namesOf = ({ name, hostname, id, options }: Record): string[] => [
  ...new Set([name, ...(options.networkAliases ?? []), hostname, id]),
];
