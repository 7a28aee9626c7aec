import { NetlinkWriter } from "./netlink-writer.ts";
import type { LinkRequest } from "./rtnetlink.ts";
import { encodeFilter, encodeIngress } from "./rtnetlink-filter.ts";
import {
  AF_BRIDGE,
  AF_INET,
  AF_UNSPEC,
  IFF_UP,
  ifa,
  ifla,
  iflaBrport,
  iflaInfo,
  NLA_F_NESTED,
  nlmFlags,
  route,
  RTA_GATEWAY,
  rtm,
  VETH_INFO_PEER,
} from "./rtnetlink-constants.ts";

/** What a request leaves open until it is sent. */
export type Resolved = {
  /** Comes back in the acknowledgement. */
  sequence: number;
  /** Index of each interface in {@link indexesNeeded}. */
  indexes: ReadonlyMap<string, number>;
  /** What `$PID` stands for. */
  pid: number;
};

/** Interfaces that the kernel wants by index. Where a name will do, it is sent as it is. */
export function indexesNeeded(request: LinkRequest): string[] {
  switch (request.type) {
    case "RTM_NEWADDR":
    case "RTM_NEWQDISC":
    case "RTM_NEWTFILTER":
      return [request.name];
    case "RTM_SETLINK":
      return "port" in request ? [request.name] : [];
    case "RTM_NEWLINK":
      return request.kind === "veth" && request.master !== undefined ? [request.master] : [];
    default:
      return [];
  }
}

/** Appends a request that asks for an acknowledgement. */
export function encodeRequest(out: NetlinkWriter, request: LinkRequest, resolved: Resolved): void {
  const creates = request.type.startsWith("RTM_NEW");
  const flags =
    nlmFlags.NLM_F_REQUEST |
    nlmFlags.NLM_F_ACK |
    (creates ? nlmFlags.NLM_F_CREATE | nlmFlags.NLM_F_EXCL : 0);
  const index = "name" in request ? (resolved.indexes.get(request.name) ?? 0) : 0;
  out.message(rtm[request.type], flags, resolved.sequence, () => {
    switch (request.type) {
      case "RTM_NEWLINK":
        return request.kind === "veth"
          ? encodeVeth(out, request, resolved)
          : encodeBridge(out, request);
      case "RTM_SETLINK":
        if ("port" in request) return encodePort(out, request.port, index);
        ifinfomsg(out, request.up ? IFF_UP : 0, IFF_UP);
        textAttribute(out, ifla.IFLA_IFNAME, request.name);
        if (request.alias !== undefined) textAttribute(out, ifla.IFLA_IFALIAS, request.alias);
        return;
      case "RTM_DELLINK":
        ifinfomsg(out, 0, 0);
        return textAttribute(out, ifla.IFLA_IFNAME, request.name);
      case "RTM_NEWADDR":
        return encodeAddress(out, request, index);
      case "RTM_NEWROUTE":
        return encodeRoute(out, request.gateway);
      case "RTM_NEWQDISC":
        return encodeIngress(out, index);
      case "RTM_NEWTFILTER":
        return encodeFilter(out, request.program.bytes, index);
    }
  });
}

type NewLink<K> = Extract<LinkRequest, { type: "RTM_NEWLINK"; kind: K }>;

/** The peer is a whole link of its own inside the attributes: drivers/net/veth.c reads it as a second request. */
function encodeVeth(out: NetlinkWriter, request: NewLink<"veth">, resolved: Resolved): void {
  const { name, master, mtu, up, peer } = request;
  ifinfomsg(out, up ? IFF_UP : 0, up ? IFF_UP : 0);
  textAttribute(out, ifla.IFLA_IFNAME, name);
  mtuAttribute(out, mtu);
  if (master !== undefined)
    out.attribute(ifla.IFLA_MASTER, () => out.u32(resolved.indexes.get(master) ?? 0));
  out.attribute(ifla.IFLA_LINKINFO, () => {
    textAttribute(out, iflaInfo.IFLA_INFO_KIND, "veth");
    out.attribute(iflaInfo.IFLA_INFO_DATA, () =>
      out.attribute(VETH_INFO_PEER, () => {
        ifinfomsg(out, 0, 0);
        textAttribute(out, ifla.IFLA_IFNAME, peer.name);
        macAttribute(out, peer.address);
        mtuAttribute(out, mtu);
        out.attribute(ifla.IFLA_NET_NS_PID, () => out.u32(resolved.pid));
      }),
    );
  });
}

function encodeBridge(out: NetlinkWriter, { name, address, mtu, up }: NewLink<"bridge">): void {
  ifinfomsg(out, up ? IFF_UP : 0, up ? IFF_UP : 0);
  textAttribute(out, ifla.IFLA_IFNAME, name);
  macAttribute(out, address);
  mtuAttribute(out, mtu);
  out.attribute(ifla.IFLA_LINKINFO, () => textAttribute(out, iflaInfo.IFLA_INFO_KIND, "bridge"));
}

const portAttributes = {
  isolated: iflaBrport.IFLA_BRPORT_ISOLATED,
  hairpin: iflaBrport.IFLA_BRPORT_MODE,
};

/** A bridge's port is set by a message of the family AF_BRIDGE (net/bridge/br_netlink.c), which takes no name. */
function encodePort(out: NetlinkWriter, port: keyof typeof portAttributes, index: number): void {
  out.u8(AF_BRIDGE, 0);
  out.u16(0);
  out.u32(index, 0, 0);
  out.attribute(ifla.IFLA_PROTINFO | NLA_F_NESTED, () =>
    out.attribute(portAttributes[port], () => out.u8(1)),
  );
}

/** struct ifaddrmsg: family, prefix length, flags, scope, index. */
function encodeAddress(
  out: NetlinkWriter,
  { address, prefix }: { address: string; prefix: number },
  index: number,
): void {
  out.u8(AF_INET, prefix, 0, route.RT_SCOPE_UNIVERSE);
  out.u32(index);
  for (const type of [ifa.IFA_LOCAL, ifa.IFA_ADDRESS])
    out.attribute(type, () => out.u8(...address.split(".").map(Number)));
}

/** struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags. */
function encodeRoute(out: NetlinkWriter, gateway: string): void {
  const { RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST } = route;
  out.u8(AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST);
  out.u32(0);
  out.attribute(RTA_GATEWAY, () => out.u8(...gateway.split(".").map(Number)));
}

/** struct ifinfomsg: family, padding, type, index (0: the name says which), flags, which of the flags are meant. */
function ifinfomsg(out: NetlinkWriter, flags: number, change: number): void {
  out.u8(AF_UNSPEC, 0);
  out.u16(0);
  out.u32(0, flags, change);
}

const textAttribute = (out: NetlinkWriter, type: number, value: string): void =>
  out.attribute(type, () => out.text(value));

function mtuAttribute(out: NetlinkWriter, mtu: number | undefined): void {
  if (mtu !== undefined) out.attribute(ifla.IFLA_MTU, () => out.u32(mtu));
}

function macAttribute(out: NetlinkWriter, mac: string | undefined): void {
  if (mac === undefined) return;
  out.attribute(ifla.IFLA_ADDRESS, () =>
    out.u8(...mac.split(":").map((byte) => parseInt(byte, 16))),
  );
}
