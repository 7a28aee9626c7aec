import { tryReadText } from "../linux/files.ts";
import { hostsFile, resolvConf } from "../oci/etc.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { ContainerOptions } from "../spec/options.ts";
import type { Cable } from "./network.ts";

/** The files that are mounted over the image's in /etc, made in a directory of the container's. */
export function etcFiles(
  directory: string,
  hostname: string,
  options: ContainerOptions,
  cable: Cable | undefined,
): HostStep[] {
  const shares = options.network === "host";
  const hosts = {
    hostname,
    address: cable?.address,
    gateway: cable?.gateway,
    extra: options.addHosts ?? [],
  };
  const texts = {
    hosts: hostsFile(hosts),
    hostname: `${hostname}\n`,
    "resolv.conf": resolvConf(readResolvConf(), options.dns ?? [], shares),
  };
  return Object.entries(texts).map(([name, text]) => ({
    call: "write",
    path: `${directory}/${name}`,
    text,
    create: 0o644,
    why: `the container's own /etc/${name}, mounted over the image's`,
  }));
}

/** systemd-resolved keeps the real servers in another file than the one that names itself. */
const readResolvConf = (): string =>
  tryReadText("/run/systemd/resolve/resolv.conf") ?? tryReadText("/etc/resolv.conf") ?? "";
