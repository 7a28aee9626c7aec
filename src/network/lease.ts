import { invalid, KontenerError } from "../abi/error.ts";
import { isErrno, makeDirectories, readLink, symlink, tryList, unlink } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { chooseAddress, contains, gatewayOf, isForHosts, type Subnet } from "./address.ts";
import { networkSettings, type NetworkSettings } from "./settings.ts";

/** An address and the container that has it. */
export type Lease = { address: string; id: string };

const leasesDirectory = (paths: Paths): string => `${paths.run}/network/leases`;

/**
 * Takes a free address for a container. A lease is a symbolic link, `<run>/network/leases/<address>` → id: symlink(2)
 * makes name and content in one step and fails where the name is there, so that starts at the same time need no lock and
 * nobody ever reads half a lease.
 */
export function takeLease(
  id: string,
  paths: Paths,
  subnet: Subnet = networkSettings().subnet,
  gateway: string = gatewayOf(subnet),
): string {
  const leased = new Set([...tryList(leasesDirectory(paths)), gateway]);
  for (;;) {
    const address = chooseAddress(subnet, leased);
    if (note(id, address, paths)) return address;
    leased.add(address);
  }
}

/** Takes an address that somebody has asked for (`--ip`). Throws CONFLICT where it is taken, INVALID where it is none. */
export function takeThisLease(
  id: string,
  address: string,
  paths: Paths,
  { subnet, cidr, gateway, name }: NetworkSettings,
): string {
  if (!isForHosts(subnet, address))
    throw invalid(`--ip ${address} is not an address in ${cidr}, which is the network ${name}`);
  if (address === gateway) throw invalid(`--ip ${address} is the gateway of the network ${name}`);
  if (note(id, address, paths)) return address;
  const holder = listLeases(paths).find((lease) => lease.address === address);
  throw new KontenerError(`the address ${address} is taken by container ${holder?.id ?? "?"}`, {
    code: "CONFLICT",
    hint: "choose another --ip, or leave it out",
  });
}

/** False where somebody has it. */
function note(id: string, address: string, paths: Paths): boolean {
  const directory = leasesDirectory(paths);
  try {
    symlink(id, `${directory}/${address}`);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    if (!isErrno(error, "ENOENT")) throw error;
  }
  makeDirectories(directory, 0o711);
  return note(id, address, paths);
}

/** Gives an address back. One that nobody has is no error. */
export function releaseLease(address: string, paths: Paths): void {
  try {
    unlink(`${leasesDirectory(paths)}/${address}`);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}

/** Gives back whatever a container has: for whoever knows it by its id alone. */
export function releaseLeasesOf(id: string, paths: Paths): void {
  for (const lease of listLeases(paths)) if (lease.id === id) releaseLease(lease.address, paths);
}

/** All leases, those of containers that are gone included; with a subnet, those in it. */
export function listLeases(paths: Paths, subnet?: Subnet): Lease[] {
  const directory = leasesDirectory(paths);
  return tryList(directory).flatMap((address) => {
    if (subnet && !contains(subnet, address)) return [];
    try {
      return [{ address, id: readLink(`${directory}/${address}`) }];
    } catch {
      return []; // given back meanwhile
    }
  });
}
