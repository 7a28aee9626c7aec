import { isErrno, makeDirectories, readLink, symlink, tryList, unlink } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { chooseAddress, contains, type Subnet } from "./address.ts";
import { networkSettings } from "./settings.ts";

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
): string {
  const directory = leasesDirectory(paths);
  const leased = new Set(tryList(directory));
  for (;;) {
    const address = chooseAddress(subnet, leased);
    try {
      symlink(id, `${directory}/${address}`);
      return address;
    } catch (error) {
      if (isErrno(error, "ENOENT")) makeDirectories(directory, 0o711);
      else if (isErrno(error, "EEXIST")) leased.add(address);
      else throw error;
    }
  }
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
