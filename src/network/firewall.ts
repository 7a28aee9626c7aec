import { ANY, type Published } from "./published.ts";
import type { NetworkSettings } from "./settings.ts";

/** Who keeps the rules: nft(8), iptables(8), or nobody where the host has neither. */
export type Firewall = "nftables" | "iptables" | "none";

/** What a bridge's rules are made from. */
export type Names = Pick<NetworkSettings, "bridge" | "cidr"> & {
  /** Nothing goes in or out but between the bridge and its host. */
  internal?: boolean;
  ports?: readonly Published[];
};

/** What is sent to the host's loopback stays with the host, whoever sends it: only the host itself gets on from there. */
const LOOPBACK = "127.0.0.0/8";

const indented = (lines: readonly string[]): string => lines.map((l) => `\n    ${l}`).join("");

/**
 * The rules as `nft -f` takes them, in a table of our own that bears the bridge's name. The first two lines make it new
 * each time: adding a table that is there is no error, deleting one that is not would be. All of it is one transaction.
 */
export const nftRules = ({ bridge, cidr, internal = false, ports = [] }: Names): string => `\
add table ip ${bridge}
delete table ip ${bridge}
table ip ${bridge} {
  chain forward {
    type filter hook forward priority 0; policy accept;${
      internal
        ? `
    # nobody goes in or out
    iifname "${bridge}" drop
    oifname "${bridge}" drop`
        : `
    iifname "${bridge}" accept
    oifname "${bridge}" ct state established,related accept${
      ports.length > 0
        ? `\n    oifname "${bridge}" ct status dnat accept # to a published port`
        : ""
    }
    # from outside into a container only what it asked for, now that the host forwards
    oifname "${bridge}" drop`
    }
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    # what leaves the bridge leaves in the host's name; what stays on it is not touched
    ${internal ? "" : `ip saddr ${cidr} oifname != "${bridge}" masquerade`}${
      ports.length > 0
        ? `
    # but what comes back to the bridge by a published port: answers have to take the same way
    ip saddr { ${cidr}, ${LOOPBACK} } oifname "${bridge}" ct status dnat masquerade`
        : ""
    }
  }
${ports.length > 0 ? nftPorts(ports) : ""}}
`;

const nftPorts = (ports: readonly Published[]): string => `\
  chain ports {${indented(ports.map(nftPort))}
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    ip daddr ${LOOPBACK} return
    fib daddr type local jump ports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump ports
  }
`;

export const nftPort = ({
  protocol,
  hostIp,
  hostPort,
  address,
  containerPort,
}: Published): string =>
  `${hostIp === ANY ? "" : `ip daddr ${hostIp} `}${protocol} dport ${hostPort} dnat to ${address}:${containerPort}`;

/** Chains of our own, each with the kernel's chain that has to jump to it, and for which packets. */
export const iptablesChains = (bridge: string) =>
  [
    { table: "filter", hook: "FORWARD", chain: `${bridge}-forward`, match: [] },
    { table: "nat", hook: "POSTROUTING", chain: `${bridge}-nat`, match: [] },
    {
      table: "nat",
      hook: "PREROUTING",
      chain: `${bridge}-ports`,
      match: ["!", "-d", LOOPBACK, "-m", "addrtype", "--dst-type", "LOCAL"],
    },
    {
      table: "nat",
      hook: "OUTPUT",
      chain: `${bridge}-ports`,
      match: ["-m", "addrtype", "--dst-type", "LOCAL"],
    },
  ] as const;

/** The same rules as `iptables-restore --noflush` takes them: naming a chain makes it, or empties it. */
export const iptablesForward = ({ bridge, internal = false }: Names): string => `\
*filter
:${bridge}-forward - [0:0]
${(internal
  ? [`-i ${bridge} -j DROP`, `-o ${bridge} -j DROP`]
  : [
      `-i ${bridge} -j ACCEPT`,
      `-o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT`,
      `-o ${bridge} -j DROP`,
    ]
)
  .map((rule) => `-A ${bridge}-forward ${rule}\n`)
  .join("")}COMMIT
`;

export const iptablesNat = ({ bridge, cidr, internal = false, ports = [] }: Names): string => `\
*nat
:${bridge}-nat - [0:0]
:${bridge}-ports - [0:0]
${[
  ...(internal ? [] : [`${bridge}-nat -s ${cidr} ! -o ${bridge} -j MASQUERADE`]),
  `${bridge}-nat -s ${cidr},${LOOPBACK} -o ${bridge} -m conntrack --ctstate DNAT -j MASQUERADE`,
  ...ports.map(
    ({ protocol, hostIp, hostPort, address, containerPort }) =>
      `${bridge}-ports${hostIp === ANY ? "" : ` -d ${hostIp}`} -p ${protocol} --dport ${hostPort} -j DNAT --to-destination ${address}:${containerPort}`,
  ),
]
  .map((rule) => `-A ${rule}\n`)
  .join("")}COMMIT
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
