import { mkdirSync, readdirSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
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
  const leased = new Set(leasedAddresses(directory));
  for (;;) {
    const address = chooseAddress(subnet, leased);
    try {
      symlinkSync(id, `${directory}/${address}`);
      return address;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") mkdirSync(directory, { recursive: true, mode: 0o711 });
      else if (code === "EEXIST") leased.add(address);
      else throw error;
    }
  }
}

/** Gives an address back. One that nobody has is no error. */
export function releaseLease(address: string, paths: Paths): void {
  try {
    unlinkSync(`${leasesDirectory(paths)}/${address}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Gives back whatever a container has: for whoever knows it by its id alone. */
export function releaseLeasesOf(id: string, paths: Paths): void {
  for (const lease of listLeases(paths)) if (lease.id === id) releaseLease(lease.address, paths);
}

/** All leases, those of containers that are gone included; with a subnet, those in it. */
export function listLeases(paths: Paths, subnet?: Subnet): Lease[] {
  const directory = leasesDirectory(paths);
  return leasedAddresses(directory).flatMap((address) => {
    if (subnet && !contains(subnet, address)) return [];
    try {
      return [{ address, id: readlinkSync(`${directory}/${address}`) }];
    } catch {
      return []; // given back meanwhile
    }
  });
}

function leasedAddresses(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
