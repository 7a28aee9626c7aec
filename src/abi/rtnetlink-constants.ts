/**
 * Numbers of netlink(7) and rtnetlink(7), from linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/veth.h,
 * linux/pkt_sched.h, linux/pkt_cls.h.
 */

export const AF_NETLINK = 16;
export const SOL_NETLINK = 270;
/** Protocol, type and options of the socket. */
export const netlinkSocket = {
  NETLINK_ROUTE: 0,
  NETLINK_NETFILTER: 12,
  SOCK_RAW: 3,
  SOCK_CLOEXEC: 0o2000000,
  /** Acknowledgements do not repeat the request. */
  NETLINK_CAP_ACK: 10,
  /** They say in words what was wrong (Linux 4.12). */
  NETLINK_EXT_ACK: 11,
} as const;

export const rtm = {
  RTM_NEWLINK: 16,
  RTM_DELLINK: 17,
  RTM_SETLINK: 19,
  RTM_NEWADDR: 20,
  RTM_NEWROUTE: 24,
  RTM_NEWQDISC: 36,
  RTM_NEWTFILTER: 44,
} as const;

export const NLMSG_ERROR = 2;
export const nlmFlags = {
  NLM_F_REQUEST: 1,
  NLM_F_ACK: 4,
  NLM_F_EXCL: 0x200,
  NLM_F_CREATE: 0x400,
  /** In an answer: the request is not repeated, attributes follow. */
  NLM_F_CAPPED: 0x100,
  NLM_F_ACK_TLVS: 0x200,
} as const;
export const NLMSGERR_ATTR_MSG = 1;

export const ifla = {
  IFLA_ADDRESS: 1,
  IFLA_IFNAME: 3,
  IFLA_MTU: 4,
  IFLA_MASTER: 10,
  IFLA_PROTINFO: 12,
  IFLA_LINKINFO: 18,
  IFLA_NET_NS_PID: 19,
  IFLA_IFALIAS: 20,
} as const;
export const iflaInfo = { IFLA_INFO_KIND: 1, IFLA_INFO_DATA: 2 } as const;
export const VETH_INFO_PEER = 1;
/** An attribute that holds others; where the kernel tells it from an older form by this bit. */
export const NLA_F_NESTED = 0x8000;
/** Of a bridge's port: may it send back what came from it; and (Linux 4.18) may it exchange with others like it. */
export const iflaBrport = { IFLA_BRPORT_MODE: 4, IFLA_BRPORT_ISOLATED: 33 } as const;
/** Traffic control (tc(8)). */
export const tca = {
  TCA_KIND: 1,
  TCA_OPTIONS: 2,
  TCA_BPF_OPS_LEN: 4,
  TCA_BPF_OPS: 5,
  TCA_BPF_FLAGS: 8,
  /** The program's result is the verdict itself, no class. */
  TCA_BPF_FLAG_ACT_DIRECT: 1,
  /** As a qdisc's parent: where frames come in. */
  TC_H_INGRESS: 0xfffffff1,
  TC_H_MIN_INGRESS: 0xfff2,
} as const;
/** What a program says of a frame: goes on, or is thrown away. */
export const verdicts = { TC_ACT_OK: 0, TC_ACT_SHOT: 2 } as const;
/** Kinds of frames (linux/if_ether.h). */
export const etherTypes = { ETH_P_ALL: 0x0003, ETH_P_IP: 0x0800, ETH_P_ARP: 0x0806 } as const;
export const ifa = { IFA_ADDRESS: 1, IFA_LOCAL: 2 } as const;
export const RTA_GATEWAY = 5;

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_BRIDGE = 7;
export const IFF_UP = 1;
export const route = {
  RT_TABLE_MAIN: 254,
  RTPROT_BOOT: 3,
  RT_SCOPE_UNIVERSE: 0,
  RTN_UNICAST: 1,
} as const;

/** Sizes of the structures that rtnetlink-encode.ts and rtnetlink-ack.ts know. */
export const structSizes = {
  nlmsghdr: 16,
  nlmsgerr: 20,
  rtattr: 4,
  ifinfomsg: 16,
  ifaddrmsg: 8,
  rtmsg: 12,
  tcmsg: 20,
} as const;
