import { sockFilterSize } from "./bpf.ts";
import type { NetlinkWriter } from "./netlink-writer.ts";
import { AF_UNSPEC, etherTypes, tca } from "./rtnetlink-constants.ts";

/** The place for filters has this handle, and a filter in it this parent, as tc(8) has them. */
const HANDLE = 0xffff0000;
const PARENT = HANDLE + tca.TC_H_MIN_INGRESS;
const PRIORITY = 1;

/** The qdisc `ingress` (net/sched/sch_ingress.c): it queues nothing, it is where filters are. */
export function encodeIngress(out: NetlinkWriter, index: number): void {
  tcmsg(out, index, HANDLE, tca.TC_H_INGRESS, 0);
  out.attribute(tca.TCA_KIND, () => out.text("ingress"));
}

/** A classic program in the request itself (net/sched/cls_bpf.c): no bpf(2), no descriptor, nothing that could leak. */
export function encodeFilter(out: NetlinkWriter, program: Uint8Array, index: number): void {
  tcmsg(out, index, 0, PARENT, ((PRIORITY << 16) | networkOrder(etherTypes.ETH_P_ALL)) >>> 0);
  out.attribute(tca.TCA_KIND, () => out.text("bpf"));
  out.attribute(tca.TCA_OPTIONS, () => {
    out.attribute(tca.TCA_BPF_OPS_LEN, () => out.u16(program.length / sockFilterSize));
    out.attribute(tca.TCA_BPF_OPS, () => out.u8(...program));
    out.attribute(tca.TCA_BPF_FLAGS, () => out.u32(tca.TCA_BPF_FLAG_ACT_DIRECT));
  });
}

/** struct tcmsg: family, padding, interface, handle, parent, info (of a filter: priority and kind of frame). */
function tcmsg(out: NetlinkWriter, ...words: [number, number, number, number]): void {
  out.u8(AF_UNSPEC, 0);
  out.u16(0);
  out.u32(...words);
}

const networkOrder = (half: number): number => ((half & 0xff) << 8) | (half >> 8);
