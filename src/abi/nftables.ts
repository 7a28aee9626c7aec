import type { NetlinkWriter } from "./netlink-writer.ts";
import { AF_INET, nlmFlags } from "./rtnetlink-constants.ts";

/** linux/netfilter/nfnetlink.h and nf_tables.h. */
export const nft = { NFNL_SUBSYS_NFTABLES: 10, NFT_MSG_GETTABLE: 1, NFTA_TABLE_NAME: 1 } as const;

/** Asks for a table of the family `ip`: acknowledged where it is there, else ENOENT. */
export function encodeGetTable(out: NetlinkWriter, name: string): void {
  const type = (nft.NFNL_SUBSYS_NFTABLES << 8) | nft.NFT_MSG_GETTABLE;
  out.message(type, nlmFlags.NLM_F_REQUEST | nlmFlags.NLM_F_ACK, 1, () => {
    out.u8(AF_INET, 0); // struct nfgenmsg: family, version, resource id
    out.u16(0);
    out.attribute(nft.NFTA_TABLE_NAME, () => out.text(name));
  });
}
