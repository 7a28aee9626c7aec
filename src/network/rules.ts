import { KontenerError } from "../abi/error.ts";
import { tryReadText, writeText } from "../linux/files.ts";
import { readBridge } from "./bridge-record.ts";
import { iptablesForward, iptablesNat, nftRules, type Names } from "./firewall.ts";
import type { Published } from "./published.ts";

/**
 * All engines of a host share this setting, so it is also what they lock (flock(2)) to change bridges and rules, and no
 * file of our own is left.
 */
export const networkLock = "/proc/sys/net/ipv4/ip_forward";

/**
 * Writes a bridge's rules anew, with its ports among `all`, as one transaction of the tool that keeps them: a few
 * milliseconds. Whoever calls it holds {@link networkLock}.
 */
export async function writeRules(bridge: string, all: readonly Published[]): Promise<void> {
  const record = readBridge(bridge);
  if (typeof record === "string") throw new Error(`${bridge} is not kontener's bridge`);
  const ports = all.filter((port) => port.bridge === bridge);
  const names: Names = { bridge, cidr: record.cidr, internal: record.internal, ports };
  if (ports.length > 0) admitLoopback(bridge);
  if (record.firewall === "nftables") await pipe(["nft", "-f", "-"], nftRules(names));
  else if (record.firewall === "iptables")
    await pipe(
      ["iptables-restore", "-w", "--noflush"],
      iptablesForward(names) + iptablesNat(names),
    );
  else if (ports.length > 0)
    throw new KontenerError("no port can be published: the host has neither nft nor iptables", {
      code: "UNSUPPORTED",
      hint: "to mend that: apt-get install nftables",
    });
}

/**
 * Lets answers from a container come back to 127.0.0.1 (ip-sysctl.rst, route_localnet). What a container itself sends
 * there is dropped on its cable (spoof-filter.ts), as without this by the kernel: CVE-2020-8558.
 */
function admitLoopback(bridge: string): void {
  const file = `/proc/sys/net/ipv4/conf/${bridge}/route_localnet`;
  if (tryReadText(file)?.trim() === "0") writeText(file, "1");
}

/** `su` without a dash keeps a user's PATH, which lacks the two directories. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

async function pipe(command: readonly string[], input: string): Promise<void> {
  const tool = Bun.which(command[0]!, { PATH }) ?? command[0]!;
  const child = Bun.spawn([tool, ...command.slice(1)], {
    stdin: new Blob([input]),
    stdout: "ignore",
    stderr: "pipe",
    env: { ...process.env, PATH, LC_ALL: "C" },
  });
  const [said, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
  if (exitCode === 0) return;
  const [line] = said.trim().split("\n");
  throw new KontenerError(`the firewall's rules cannot be written: ${command.join(" ")}: ${line}`, {
    code: "UNSUPPORTED",
    hint: "if its modules are missing: modprobe -a nf_nat nft_nat nft_fib_ipv4",
  });
}
