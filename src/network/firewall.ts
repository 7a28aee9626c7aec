import type { NetworkSettings } from "./settings.ts";

/** Who keeps the rules: nft(8), iptables(8), or nobody where the host has neither. */
export type Firewall = "nftables" | "iptables" | "none";

type Names = Pick<NetworkSettings, "bridge" | "cidr">;

/**
 * The rules as `nft -f` takes them, in a table of our own that bears the bridge's name. The first two lines make it new
 * each time: adding a table that is there is no error, deleting one that is not would be. All of it is one transaction.
 */
export const nftRules = ({ bridge, cidr }: Names): string => `\
add table ip ${bridge}
delete table ip ${bridge}
table ip ${bridge} {
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "${bridge}" accept
    oifname "${bridge}" ct state established,related accept
    # from outside into a container only what it asked for, now that the host forwards
    oifname "${bridge}" drop
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    # what leaves the bridge leaves in the host's name; what stays on it is not touched
    ip saddr ${cidr} oifname != "${bridge}" masquerade
  }
}
`;

/** Chains of our own, each with the kernel's chain that has to jump to it. */
export const iptablesChains = (bridge: string) =>
  [
    { table: "filter", hook: "FORWARD", chain: `${bridge}-forward` },
    { table: "nat", hook: "POSTROUTING", chain: `${bridge}-nat` },
  ] as const;

/** The same rules as `iptables-restore --noflush` takes them: naming a chain makes it, or empties it. */
export const iptablesForward = ({ bridge }: Names): string => `\
*filter
:${bridge}-forward - [0:0]
-A ${bridge}-forward -i ${bridge} -j ACCEPT
-A ${bridge}-forward -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ${bridge}-forward -o ${bridge} -j DROP
COMMIT
`;

export const iptablesNat = ({ bridge, cidr }: Names): string => `\
*nat
:${bridge}-nat - [0:0]
-A ${bridge}-nat -s ${cidr} ! -o ${bridge} -j MASQUERADE
COMMIT
`;

/** A chain of somebody else that drops what is forwarded unless one of its rules accepts it. */
export type DroppingChain = { family: string; table: string; chain: string };

/**
 * Finds them in `nft list chains`. Each chain on a hook has its say, and a drop is final: what our table accepts,
 * docker's or ufw's FORWARD with its policy DROP still throws away.
 */
export function droppingChains(listing: string): DroppingChain[] {
  const found: DroppingChain[] = [];
  let [family, table, chain] = ["", "", ""];
  for (const line of listing.split("\n")) {
    const open = /^\s*(table|chain) (\S+)(?: (\S+))? \{/.exec(line);
    if (open?.[1] === "table") [family, table] = [open[2]!, open[3]!];
    if (open?.[1] === "chain") chain = open[2]!;
    const drops = / hook forward .*policy drop/.test(line);
    if (drops && ["ip", "inet"].includes(family)) found.push({ family, table, chain });
  }
  return found;
}

/** One line on a chain that stands in the way, with the commands that let containers pass. */
export function droppingWarning({ family, table, chain }: DroppingChain, bridge: string): string {
  const rule = (side: string): string =>
    `nft insert rule ${family} ${table} ${chain} ${side} ${bridge} accept`;
  return `the host's firewall (table ${family} ${table}) drops what is forwarded, so containers may not get out; to let them pass: ${rule("iifname")}; ${rule("oifname")}`;
}
