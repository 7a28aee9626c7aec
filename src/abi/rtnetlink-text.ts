import { sockFilterSize } from "./bpf.ts";
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
      if ("port" in request) return `ifname="${request.name}", protinfo={${request.port}=1}`;
      const alias = request.alias === undefined ? "" : `, ifalias="${request.alias}"`;
      return `ifname="${request.name}", ${request.up ? "IFF_UP" : "~IFF_UP"}${alias}`;
    }
    case "RTM_DELLINK":
      return `ifname="${request.name}"`;
    case "RTM_NEWADDR":
      return `ifname="${request.name}", local=${request.address}/${request.prefix}`;
    case "RTM_NEWROUTE":
      return `dst=${request.destination}, gateway=${request.gateway}`;
    case "RTM_NEWQDISC":
      return `ifname="${request.name}", kind=ingress`;
    case "RTM_NEWTFILTER": {
      const { text } = request.program;
      return `ifname="${request.name}", parent=ingress, kind=bpf, ${text}, TCA_BPF_FLAG_ACT_DIRECT`;
    }
  }
}

/** The shell command that does the same, in the host's network namespace or in that of process `$PID`. */
export function shellOf(request: LinkRequest, netns: "host" | "container" = "host"): string {
  const inside = netns === "container" ? "nsenter --target $PID --net " : "";
  return inside + command(request);
}

/** All are ip(8)'s but a port's, which is bridge(8)'s, and a filter's, which is tc(8)'s. */
function command(request: LinkRequest): string {
  switch (request.type) {
    case "RTM_NEWQDISC":
      return `tc qdisc add dev ${request.name} ingress`;
    case "RTM_NEWTFILTER":
      return `tc filter add dev ${request.name} ingress protocol all pref 1 bpf direct-action bytecode '${bytecode(request.program.bytes)}'`;
    case "RTM_SETLINK":
      if (!("port" in request)) break;
      return `bridge link set dev ${request.name} ${request.port} on`;
  }
  return ipCommand(request);
}

/** A program as tc-bpf(8) and `tcpdump -ddd` write it: the number of instructions, then each as code, jt, jf and k. */
function bytecode(program: Uint8Array): string {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const lines = [`${program.length / sockFilterSize}`];
  for (let at = 0; at < program.length; at += sockFilterSize)
    lines.push(
      `${view.getUint16(at, true)} ${view.getUint8(at + 2)} ${view.getUint8(at + 3)} ${view.getUint32(at + 4, true)}`,
    );
  return lines.join(",");
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
      if ("port" in request) break;
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
