/** The firewall's part of the containers' network, with whichever of nft(8) and iptables(8) the host has. */
import { $, which, type ProcessOutput } from "zx";
import { hasNftTable } from "../src/linux/netlink.ts";
import {
  droppingChains,
  droppingWarning,
  iptablesChains,
  iptablesForward,
  iptablesNat,
  nftRules,
  type Firewall,
  type Names,
} from "../src/network/firewall.ts";

// `su` without a dash keeps a user's PATH, which lacks these two.
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
const options = {
  quiet: true,
  shell: "/bin/sh", // zx would look for bash, which a small host lacks
  prefix: "",
  quote: (word: string) => `'${word.replaceAll("'", "'\\''")}'`, // zx's own is bash's: $'…'
  env: { ...process.env, PATH, LC_ALL: "C" },
};
const must = (input = "") => $({ ...options, input });
/** Whether it worked is the answer. */
const ask = $({ ...options, nothrow: true });

const installed = async (tool: string): Promise<boolean> =>
  (await which(tool, { path: PATH, nothrow: true })) !== null;

type Raised = { firewall: Firewall; warnings: string[] };

/** Sets the rules up, anew where they are there already. The first tool that is there and works is taken. */
export async function raiseRules(settings: Names): Promise<Raised> {
  const reasons: string[] = [];
  for (const [tool, raise] of [
    ["nft", raiseNft],
    ["iptables", raiseIptables],
  ] as const) {
    if (!(await installed(tool))) continue;
    try {
      return await raise(settings);
    } catch (error) {
      const { stderr } = error as ProcessOutput;
      if (stderr === undefined) throw error;
      reasons.push(`${tool} says: ${stderr.trim().split("\n")[0]}`);
    }
  }
  const why = reasons.length
    ? `the host's firewall cannot do NAT (${reasons.join("; ")}); if its modules are missing: modprobe nf_nat`
    : "the host has neither nft nor iptables; to mend that: apt-get install nftables";
  return {
    firewall: "none",
    warnings: [`containers have no way out of ${settings.bridge}: ${why}`],
  };
}

async function raiseNft(settings: Names): Promise<Raised> {
  const { bridge } = settings;
  await must(nftRules(settings))`nft -f -`;
  const passage = await openPassage(settings);
  const listing = (await ask`nft list chains`).stdout;
  const warnings = droppingChains(listing)
    .filter(({ table, chain }) => !(passage && table === "filter" && chain === "FORWARD"))
    .map((chain) => droppingWarning(chain, bridge));
  return { firewall: "nftables", warnings };
}

/** Where iptables drops what is forwarded (docker and ufw set that), our table's accept is not enough: one there too. */
async function openPassage(settings: Names): Promise<boolean> {
  if (!(await installed("iptables"))) return false;
  const rules = await ask`iptables -w -S FORWARD`;
  if (!rules.stdout.includes("-P FORWARD DROP")) return false;
  await must(iptablesForward(settings))`iptables-restore -w --noflush`;
  await jumpTo("filter", "FORWARD", `${settings.bridge}-forward`);
  return true;
}

async function raiseIptables(settings: Names): Promise<Raised> {
  await must(iptablesForward(settings) + iptablesNat(settings))`iptables-restore -w --noflush`;
  for (const { table, hook, chain, match } of iptablesChains(settings.bridge))
    await jumpTo(table, hook, chain, match);
  return { firewall: "iptables", warnings: [] };
}

/** First in the chain, before whatever might drop; once only. */
async function jumpTo(
  table: string,
  hook: string,
  chain: string,
  match: readonly string[] = [],
): Promise<void> {
  const there = await ask`iptables -w -t ${table} -C ${hook} ${match} -j ${chain}`;
  if (!there.ok) await must()`iptables -w -t ${table} -I ${hook} 1 ${match} -j ${chain}`;
}

async function iptablesChainsThere(bridge: string) {
  const there = [];
  if (await installed("iptables"))
    for (const entry of iptablesChains(bridge))
      if ((await ask`iptables -w -t ${entry.table} -S ${entry.chain}`).ok) there.push(entry);
  return there;
}

/** Removes the rules, whichever tool made them. */
export async function lowerRules(bridge: string): Promise<void> {
  if (hasNftTable(bridge)) await must()`nft delete table ip ${bridge}`;
  const there = await iptablesChainsThere(bridge);
  for (const { table, hook, chain, match } of there)
    await ask`iptables -w -t ${table} -D ${hook} ${match} -j ${chain}`;
  for (const [chain, table] of new Map(there.map(({ chain, table }) => [chain, table]))) {
    await must()`iptables -w -t ${table} -F ${chain}`;
    await must()`iptables -w -t ${table} -X ${chain}`;
  }
}

/** Whether the rules for NAT are there: somebody may have flushed them. */
export async function rulesThere(bridge: string): Promise<boolean> {
  if (hasNftTable(bridge)) return true;
  return (await iptablesChainsThere(bridge)).some(({ table }) => table === "nat");
}
