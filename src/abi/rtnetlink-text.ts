import type { LinkRequest } from "./rtnetlink.ts";

/** A request as a reader sees it: `RTM_NEWLINK {kind=veth, ifname="kt0123", master="kontener0", IFF_UP, …}`. */
export const describe = (request: LinkRequest): string =>
  `${request.type} {${attributesOf(request)}}`;

/** What stands between the braces. */
export function attributesOf(request: LinkRequest): string {
  switch (request.type) {
    case "RTM_NEWLINK": {
      const own = [`kind=${request.kind}`, `ifname="${request.name}"`];
      if (request.mtu !== undefined) own.push(`mtu=${request.mtu}`);
      if (request.kind === "bridge") {
        if (request.address !== undefined) own.push(`address=${request.address}`);
        if (request.up) own.push("IFF_UP");
        return own.join(", ");
      }
      const { master, up, peer } = request;
      if (master !== undefined) own.push(`master="${master}"`);
      if (up) own.push("IFF_UP");
      const mac = peer.address === undefined ? "" : `, address=${peer.address}`;
      return `${own.join(", ")}, peer={ifname="${peer.name}"${mac}, net_ns_pid=${peer.netnsPid}}`;
    }
    case "RTM_SETLINK": {
      const alias = request.alias === undefined ? "" : `, ifalias="${request.alias}"`;
      return `ifname="${request.name}", ${request.up ? "IFF_UP" : "~IFF_UP"}${alias}`;
    }
    case "RTM_DELLINK":
      return `ifname="${request.name}"`;
    case "RTM_NEWADDR":
      return `ifname="${request.name}", local=${request.address}/${request.prefix}`;
    case "RTM_NEWROUTE":
      return `dst=${request.destination}, gateway=${request.gateway}`;
  }
}

/** The shell command that does the same, in the host's network namespace or in that of process `$PID`. */
export function shellOf(request: LinkRequest, netns: "host" | "container" = "host"): string {
  const inside = netns === "container" ? "nsenter --target $PID --net " : "";
  return inside + ipCommand(request);
}

function ipCommand(request: LinkRequest): string {
  const words: (string | undefined | false)[] = ["ip"];
  switch (request.type) {
    case "RTM_NEWLINK": {
      const mtu = request.mtu !== undefined && `mtu ${request.mtu}`;
      words.push("link add name", request.name, mtu);
      if (request.kind === "bridge") {
        words.push(mac(request.address), request.up && "up", "type bridge");
        break;
      }
      const { master, up, peer } = request;
      words.push(master && `master ${master}`, up && "up", "type veth peer name", peer.name);
      words.push(mac(peer.address), mtu, "netns", peer.netnsPid);
      break;
    }
    case "RTM_SETLINK":
      words.push("link set dev", request.name, request.up ? "up" : "down");
      words.push(request.alias !== undefined && `alias '${request.alias}'`);
      break;
    case "RTM_DELLINK":
      words.push("link del dev", request.name);
      break;
    case "RTM_NEWADDR":
      words.push("addr add", `${request.address}/${request.prefix}`, "dev", request.name);
      break;
    case "RTM_NEWROUTE":
      words.push("route add", request.destination, "via", request.gateway);
      break;
  }
  return words.filter(Boolean).join(" ");
}

const mac = (address: string | undefined): string | undefined => address && `address ${address}`;
