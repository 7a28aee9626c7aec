import { BpfWriter, type Label } from "../abi/bpf.ts";
import { etherTypes, verdicts } from "../abi/rtnetlink-constants.ts";
import { macOf, parseAddress } from "./address.ts";

/** Where things lie in a frame: Ethernet's header, behind it IPv4's (RFC 791) or ARP's (RFC 826). */
const ethernet = { destination: 0, source: 6, type: 12 } as const;
const ipv4 = { source: 26, destination: 30 } as const;
const arp = { senderMac: 22, senderAddress: 28 } as const;
/** Up to the last byte that is looked at: IPv4's destination. */
const SHORTEST = 34;

/** Linux's extension (networking/filter.rst): a VLAN tag, which the kernel takes out of the frame, is asked for here. */
const VLAN_TAG_PRESENT = 0xfffff000 + 48;

export type Sender = {
  address: string;
  mac: string;
  /** The one neighbour that it may send to: what is on the bridge otherwise is out of its reach. */
  only?: { gateway: string; prefix: number };
};

/**
 * What may come out of a container, as a classic BPF program over a frame (networking/filter.rst) that the kernel runs on
 * the host's end of the cable, where root inside has no hand on it: IPv4 and ARP, in the container's own name. Everything
 * else is dropped: IPv6 is not on the bridge, and a VLAN tag would carry frames past the host's rules. So is what is for
 * 127.0.0.0/8: a bridge with published ports lets it in (route_localnet), and behind it are the host's own services.
 *
 * The frame's length comes first: reading past its end would end the program with 0, which is TC_ACT_OK.
 */
export function spoofFilter({ address, mac, only }: Sender): Uint8Array {
  const out = new BpfWriter();
  const drop = out.return(verdicts.TC_ACT_SHOT);
  const pass = out.return(verdicts.TC_ACT_OK);
  /** Goes on to `next` where the value at `offset` is the one, else drops. Written last to first, as `out` wants it. */
  const word = (offset: number, value: number, next: Label): Label =>
    out.load(offset, out.branch("equal", value, next, drop));
  const half = (offset: number, value: number, next: Label): Label =>
    out.loadHalf(offset, out.branch("equal", value, next, drop));
  const isMac = (offset: number, value: string, next: Label): Label => {
    const [high, low] = macWords(value);
    return word(offset, high, half(offset + 4, low, next));
  };

  const own = number(address);
  const isArp = isMac(arp.senderMac, mac, word(arp.senderAddress, own, pass));
  const destination = only ? toGatewayOrOutside(out, only, isMac, pass, drop) : pass;
  const notLoopback = out.load(
    ipv4.destination,
    out.and(0xff000000, out.branch("equal", 0x7f000000, drop, destination)),
  );
  const isIpv4 = word(ipv4.source, own, notLoopback);
  const type = out.loadHalf(
    ethernet.type,
    out.branch(
      "equal",
      etherTypes.ETH_P_IP,
      isIpv4,
      out.branch("equal", etherTypes.ETH_P_ARP, isArp, drop),
    ),
  );
  const source = isMac(ethernet.source, mac, type);
  const untagged = word(VLAN_TAG_PRESENT, 0, source);
  out.loadLength(out.branch("greaterOrEqual", SHORTEST, untagged, drop));
  return out.bytes();
}

/**
 * By the gateway's MAC, so to nobody else on the cable; and to no address on the bridge but the gateway's, as the host
 * would carry it there.
 */
function toGatewayOrOutside(
  out: BpfWriter,
  { gateway, prefix }: { gateway: string; prefix: number },
  isMac: (offset: number, mac: string, next: Label) => Label,
  pass: Label,
  drop: Label,
): Label {
  const mask = (2 ** 32 - 2 ** (32 - prefix)) >>> 0;
  const network = (number(gateway) & mask) >>> 0;
  const outside = out.and(mask, out.branch("equal", network, drop, pass));
  const address = out.load(ipv4.destination, out.branch("equal", number(gateway), pass, outside));
  return isMac(ethernet.destination, macOf(gateway), address);
}

const number = (address: string): number => parseAddress(address) ?? 0;

function macWords(mac: string): [high: number, low: number] {
  const hex = mac.replaceAll(":", "");
  return [parseInt(hex.slice(0, 8), 16), parseInt(hex.slice(8), 16)];
}
