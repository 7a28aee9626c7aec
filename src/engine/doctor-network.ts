import { droppingChains } from "../network/firewall.ts";
import type { Facts } from "./doctor.ts";

/** Asks the host's firewall; changes nothing. Empty where it cannot be asked. */
export function readForwardRules(): Facts["forward"] {
  const dropping = droppingChains(output(["nft", "list", "chains"]));
  return {
    dropping: dropping.map(({ family, table, chain }) => `${family} ${table} ${chain}`),
    ahead: acceptedBefore(output(["iptables", "-w", "-S", "FORWARD"])),
  };
}

/**
 * Rules of iptables' FORWARD that accept before kontener's chain has its say. In nftables there is none such: an accept
 * ends its own table only, and a drop of any table is final.
 */
export function acceptedBefore(listing: string): string[] {
  const rules = listing.split("\n").filter((line) => line.startsWith("-A FORWARD "));
  const own = rules.findIndex((rule) => /^-A FORWARD -j \S+-forward$/.test(rule));
  return rules.slice(0, Math.max(own, 0)).filter((rule) => rule.endsWith("-j ACCEPT"));
}

/** Whether a program can be put on a cable: tried on an interface in a network namespace that is gone with the command. */
export function hasCableFilter(): boolean | undefined {
  const tools = ["unshare", "ip", "tc"];
  if (process.getuid?.() !== 0 || !tools.every((tool) => Bun.which(tool, { PATH })))
    return undefined;
  const script = `ip link add probe0 type veth || exit 2
    tc qdisc add dev probe0 ingress && tc filter add dev probe0 ingress protocol all bpf da bytecode '1,6 0 0 0'`;
  const { exitCode } = Bun.spawnSync(["unshare", "--net", "sh", "-c", script], {
    stdio: ["ignore", "ignore", "ignore"],
    env: { ...process.env, PATH },
  });
  return exitCode === 2 ? undefined : exitCode === 0;
}

const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

function output([tool = "", ...args]: readonly string[]): string {
  const path = Bun.which(tool, { PATH });
  if (path === null || process.getuid?.() !== 0) return "";
  return Bun.spawnSync([path, ...args], { stderr: "ignore" }).stdout.toString();
}
