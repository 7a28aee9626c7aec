import { invalid } from "../abi/error.ts";
import { isAddress } from "./net-values.ts";
import { quote } from "./values.ts";

export type PortProtocol = "tcp" | "udp";

/** A port of the container that is reached at one of the host's (`-p`). */
export type PortOption = {
  /** An IPv4 address of the host's; without it all of them. */
  hostIp?: string;
  /** Without it a free one is taken. */
  hostPort?: number;
  containerPort: number;
  protocol: PortProtocol;
};

const example = "[ADDRESS:][HOST-PORT:]PORT[/udp], for example 127.0.0.1:8080:80";

/**
 * docker's `--publish`: `80`, `8080:80`, `127.0.0.1::80/udp`; a range stands for as many ports, `8000-8003:80-83`.
 */
export function parsePublish(flag: string, text: string): PortOption[] {
  const [, addresses, protocol = "tcp"] = /^([^/]+)(?:\/(\w+))?$/.exec(text) ?? [];
  if (addresses === undefined) throw invalid(`${flag} ${quote(text)} is not a port`, example);
  if (protocol !== "tcp" && protocol !== "udp")
    throw invalid(`${flag} ${quote(text)}: ${quote(protocol)} is neither tcp nor udp`);
  if (addresses.includes("["))
    throw invalid(`${flag} ${quote(text)}: ports are published on IPv4 only`, example);
  const parts = addresses.split(":");
  if (parts.length > 3) throw invalid(`${flag} ${quote(text)} is not a port`, example);
  const [inner = "", outer = "", ip = ""] = parts.toReversed();
  if (parts.length === 3 && !isAddress(ip))
    throw invalid(`${flag} ${quote(text)}: ${quote(ip)} is not an IP address`, example);
  const ports = range(flag, text, inner);
  const hostPorts = outer === "" ? undefined : range(flag, text, outer);
  if (hostPorts && hostPorts.length !== ports.length)
    throw invalid(
      `${flag} ${quote(text)}: ${hostPorts.length} ports of the host cannot stand for ${ports.length} of the container`,
      "give both ranges the same length",
    );
  return ports.map((containerPort, i) => ({
    ...(ip === "" || ip === "0.0.0.0" ? {} : { hostIp: ip }),
    ...(hostPorts ? { hostPort: hostPorts[i]! } : {}),
    containerPort,
    protocol,
  }));
}

function range(flag: string, text: string, part: string): number[] {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || from < 1 || to > 65535 || to < from)
    throw invalid(
      `${flag} ${quote(text)}: ${quote(part)} is not a port or a range of ports from 1 to 65535`,
      example,
    );
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** `80/tcp`, as image configurations and `port` have it. */
export function parsePort(
  flag: string,
  text: string,
): Pick<PortOption, "containerPort" | "protocol"> {
  const [port, ...more] = parsePublish(flag, text);
  if (!port || more.length > 0 || port.hostPort !== undefined || port.hostIp !== undefined)
    throw invalid(`${flag} ${quote(text)} is not one port`, "PORT[/tcp|/udp], for example 80/tcp");
  return { containerPort: port.containerPort, protocol: port.protocol };
}
