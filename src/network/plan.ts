import { sockFilterSize } from "../abi/bpf.ts";
import type { HostStep } from "../plan/host-step.ts";
import { macOf } from "./address.ts";
import { linkName } from "./link-name.ts";
import { spoofFilter } from "./spoof-filter.ts";

/** A host step that goes through the routing socket. */
export type NetlinkStep = Extract<HostStep, { call: "netlink" }>;

export type NetworkRequest = {
  /** The container's: at least twelve hexadecimal digits. */
  id: string;
  address: string;
  /** Of the subnet: 16 in 10.111.0.0/16. */
  prefix: number;
  gateway: string;
  bridge: string;
  /** Where the bridge's is not the usual 1500. */
  mtu?: number;
  /** `--isolated`: out of reach of the others on the bridge. */
  isolated?: boolean;
  /** Which of the container's cables: 0 is eth0. */
  index?: number;
  /** Everything else goes by this cable. */
  wayOut?: boolean;
  /** It has published ports, and may reach them itself. */
  hairpin?: boolean;
};

/** Connects a newborn container to the bridge, from outside: it needs no privilege of its own for it. */
export const planNetwork = ({
  id,
  address,
  prefix,
  gateway,
  bridge,
  mtu,
  isolated = false,
  index = 0,
  wayOut = true,
  hairpin = false,
}: NetworkRequest): NetlinkStep[] => [
  {
    call: "netlink",
    netns: "host",
    request: {
      type: "RTM_NEWLINK",
      kind: "veth",
      name: linkName(id, index),
      master: bridge,
      ...(mtu === undefined ? {} : { mtu }),
      up: true,
      peer: { name: `eth${index}`, netnsPid: "$PID", address: macOf(address) },
    },
    why: `a virtual network cable: one end is plugged into the bridge ${bridge}, a switch made of software; the other is born inside the container's network namespace, where until now there was only lo`,
  },
  ...(hairpin ? [hairpinPort(linkName(id, index))] : []),
  ...planFilter({ name: linkName(id, index), address, prefix, gateway, isolated }),
  {
    call: "netlink",
    netns: "container",
    request: { type: "RTM_NEWADDR", name: `eth${index}`, address, prefix },
    why: `the container's address on the bridge; its /${prefix} says which neighbours are reached without a router`,
  },
  {
    call: "netlink",
    netns: "container",
    request: { type: "RTM_SETLINK", name: `eth${index}`, up: true },
    why: "switch the container's end on: a cable carries only when both its ends are up",
  },
  ...(wayOut ? [defaultRoute(gateway)] : []),
];

const hairpinPort = (name: string): NetlinkStep => ({
  call: "netlink",
  netns: "host",
  request: { type: "RTM_SETLINK", name, port: "hairpin" },
  why: "what the container sends to its own published port comes back by the same port of the switch, where the host's firewall looks at bridged frames (br_netfilter)",
});

const defaultRoute = (gateway: string): NetlinkStep => ({
  call: "netlink",
  netns: "container",
  request: { type: "RTM_NEWROUTE", destination: "default", gateway },
  why: "everything else goes to the host, which forwards it in its own name (NAT); possible only now, as the kernel takes no router that it cannot reach",
});

/**
 * What holds a container to its own name. It comes before the container's end is switched on, and not even root inside can
 * take it away: it is on the host's end.
 */
function planFilter({
  name,
  address,
  prefix,
  gateway,
  isolated,
}: Pick<NetworkRequest, "address" | "prefix" | "gateway" | "isolated"> & {
  /** The host's end. */
  name: string;
}): NetlinkStep[] {
  const mac = macOf(address);
  const bytes = spoofFilter({ address, mac, ...(isolated ? { only: { gateway, prefix } } : {}) });
  const reach = isolated ? `, dst=${gateway}|!/${prefix}` : "";
  const filter: NetlinkStep[] = [
    {
      call: "netlink",
      netns: "host",
      request: { type: "RTM_NEWQDISC", kind: "ingress", name },
      why: "a place for a filter on the host's end of the cable, where what the container sends comes in: whoever is root inside cannot reach it",
    },
    {
      call: "netlink",
      netns: "host",
      request: {
        type: "RTM_NEWTFILTER",
        kind: "bpf",
        name,
        program: { text: `pass={ip|arp, src=${mac} ${address}${reach}}`, bytes },
      },
      why: `a switch believes whatever name stands on a frame, and a raw socket writes any: this program of ${bytes.length / sockFilterSize} instructions drops each frame, IPv4 or ARP, that does not come from ${mac} and ${address}, and all that is neither${isolated ? "; and, as the container is isolated, what is for a neighbour" : ""}`,
    },
  ];
  if (!isolated) return filter;
  return [
    ...filter,
    {
      call: "netlink",
      netns: "host",
      request: { type: "RTM_SETLINK", name, port: "isolated" },
      why: "and between this port of the switch and others like it nothing is exchanged: --isolated",
    },
  ];
}

/** The bridge that all cables end in. What is there already stays as it is. */
export const planBridge = (settings: {
  bridge: string;
  gateway: string;
  prefix: number;
  alias: string;
  mtu?: number | undefined;
}): NetlinkStep[] => [
  {
    call: "netlink",
    netns: "host",
    request: {
      type: "RTM_NEWLINK",
      kind: "bridge",
      name: settings.bridge,
      address: macOf(settings.gateway),
      ...(settings.mtu === undefined ? {} : { mtu: settings.mtu }),
      up: false,
    },
    ignore: ["EEXIST"],
    why: "a switch made of software, into which each container's cable is plugged",
  },
  {
    call: "netlink",
    netns: "host",
    request: { type: "RTM_SETLINK", name: settings.bridge, up: true, alias: settings.alias },
    why: "switch it on; the alias says whose it is and what the host was like before",
  },
  {
    call: "netlink",
    netns: "host",
    request: {
      type: "RTM_NEWADDR",
      name: settings.bridge,
      address: settings.gateway,
      prefix: settings.prefix,
    },
    ignore: ["EEXIST"],
    why: "the host's own address on the bridge: the containers' gateway",
  },
];
