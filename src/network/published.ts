import { isErrno, makeDirectories, readLink, symlink, tryList, unlink } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";

/** A port of the host's that leads to one of a container's. */
export type Published = {
  protocol: "tcp" | "udp";
  /** 0.0.0.0: each of the host's addresses. */
  hostIp: string;
  hostPort: number;
  /** The container: its id, its address, its port there, and the bridge on which it is. */
  id: string;
  address: string;
  containerPort: number;
  bridge: string;
};

/*
 * As leases are: a symbolic link, `<run>/network/ports/tcp-0.0.0.0-8080` → "ID ADDRESS PORT BRIDGE", name and content in
 * one step. The firewall's rules are made from these links and from nothing else, so that whoever sets them up next
 * mends what a crash or a flush has left.
 */
const directoryOf = (paths: Paths): string => `${paths.run}/network/ports`;
const nameOf = ({ protocol, hostIp, hostPort }: Published): string =>
  `${protocol}-${hostIp}-${hostPort}`;

/** `0.0.0.0:8080->80/tcp`, as docker's `ps` has it. */
export const formatPublished = ({ hostIp, hostPort, containerPort, protocol }: Published): string =>
  `${hostIp}:${hostPort}->${containerPort}/${protocol}`;

/** All of them, or a container's; by number. */
export function listPublished(paths: Paths, id?: string): Published[] {
  const directory = directoryOf(paths);
  const found = tryList(directory).flatMap((name) => {
    try {
      return parse(name, readLink(`${directory}/${name}`)) ?? [];
    } catch {
      return []; // given back meanwhile
    }
  });
  return found
    .filter((port) => id === undefined || port.id === id)
    .sort((a, b) => a.containerPort - b.containerPort || a.hostPort - b.hostPort);
}

function parse(name: string, target: string): Published | undefined {
  const [protocol, hostIp = "", hostPort] = name.split("-");
  const [id = "", address = "", containerPort, bridge = ""] = target.split(" ");
  if ((protocol !== "tcp" && protocol !== "udp") || bridge === "") return undefined;
  return {
    protocol,
    hostIp,
    hostPort: Number(hostPort),
    id,
    address,
    containerPort: Number(containerPort),
    bridge,
  };
}

/** The one that has this port already, on an address that is also this one's. */
export const rivalOf = (port: Published, all: readonly Published[]): Published | undefined =>
  all.find(
    ({ protocol, hostPort, hostIp }) =>
      protocol === port.protocol &&
      hostPort === port.hostPort &&
      (hostIp === port.hostIp || hostIp === ANY || port.hostIp === ANY),
  );

export const ANY = "0.0.0.0";

export function notePublished(port: Published, paths: Paths): void {
  const { id, address, containerPort, bridge } = port;
  makeDirectories(directoryOf(paths), 0o711);
  symlink(`${id} ${address} ${containerPort} ${bridge}`, `${directoryOf(paths)}/${nameOf(port)}`);
}

/** One that is not there is no error. */
export function forgetPublished(port: Published, paths: Paths): void {
  try {
    unlink(`${directoryOf(paths)}/${nameOf(port)}`);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}
