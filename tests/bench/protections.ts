#!/usr/bin/env bun
/**
 * What a container started with no flags holds, in kontener and in podman: the same commands in each, what differs as a
 * Markdown table.
 *
 *     sudo bun tests/bench/protections.ts
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { capabilities } from "../../src/abi/capability.ts";
import { archOf, syscallNumber, syscalls, type SyscallName } from "../../src/abi/syscall.ts";
import { readHost } from "../../src/engine/host.ts";
import { capabilityMask } from "../../src/security/capabilities.ts";
import { parseSeccompProfile } from "../../src/security/profile-file.ts";
import { compileSeccomp } from "../../src/security/seccomp-compile.ts";
import { defaultFilter } from "../../src/security/seccomp-default.ts";
import type { SeccompContext } from "../../src/security/seccomp-profile.ts";
import { simulate } from "../unit/security/simulate.ts";

const root = new URL("../..", import.meta.url).pathname;
const nodes = ["c 1 3", "c 1 11", "c 5 1", "c 10 200", "c 10 229", "c 10 237", "b 7 0"];
const script = `cat /proc/self/status; echo @; mount; echo @; ls /dev; echo @
  for n in ${nodes.map((n) => `"${n}"`).join(" ")}; do
    mknod /tmp/n $n 2> /dev/null && { (: < /tmp/n) 2> /dev/null && echo "$n opens"; rm /tmp/n; }
  done; true`;

type Held = {
  status: Map<string, string>;
  mounts: Map<string, string>;
  dev: string[];
  opens: string[];
};

function look(command: readonly string[]): Held {
  const { stdout, stderr, success } = Bun.spawnSync([...command, "busybox", "sh", "-c", script]);
  if (!success) throw new Error(`${command[0]}: ${stderr}`);
  const parts = stdout.toString().split("@\n");
  const lines = (i: number): string[] => parts[i]!.trim().split("\n").filter(Boolean);
  return {
    status: new Map(lines(0).map((line) => line.split(":\t", 2) as [string, string])),
    mounts: new Map(
      lines(1).map((line) => {
        const [, on, type, options = ""] = /on (\S+) type (\S+) \((.*)\)/.exec(line) ?? [];
        // Where a layer or a file of the engine's lies on the host is no protection.
        const flags = options.split(",").filter((o) => /^(ro|rw|no\w+)$/.test(o));
        return [on ?? line, `${type} ${flags.join(",")}`];
      }),
    ),
    dev: lines(2),
    opens: lines(3),
  };
}

const host = readHost("/var/lib");

function print(ours: Held, theirs: Held): void {
  const rows: [string, string, string][] = [];
  const both = (name: string, of: (held: Held) => string): void =>
    void rows.push([name, of(ours), of(theirs)]);
  for (const set of ["CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb"])
    both(set, ({ status }) => setText(status.get(set) ?? ""));
  for (const field of ["NoNewPrivs", "Seccomp"])
    both(field, ({ status }) => status.get(field) ?? "");
  both("nodes in /dev", ({ dev }) => dev.join(" "));
  both("devices that open by a node of one's own", ({ opens }) => opens.join(", "));
  const targets = new Set([...ours.mounts.keys(), ...theirs.mounts.keys()]);
  for (const target of [...targets].sort())
    both(`mount ${target}`, ({ mounts }) => mounts.get(target) ?? "—");
  const [mine, other] = [verdicts(defaultFilter(contextOf(ours))), verdicts(podmanFilter(theirs))];
  rows.push(["calls by verdict", counts(mine), counts(other)]);
  for (const [name, verdict] of mine)
    if (verdict !== other.get(name)) rows.push([`call ${name}`, verdict, other.get(name)!]);
  console.log("| | kontener | podman |\n| --- | --- | --- |");
  for (const [name, a, b] of rows) console.log(`| ${name} | ${a} | ${a === b ? "the same" : b} |`);
}

/** A mask of capabilities as a number of them, and in names. */
function setText(mask: string): string {
  const bits = BigInt(`0x${mask}`);
  const names = capabilities.filter((name) => {
    const [low, high] = capabilityMask([name]);
    return (bits & ((BigInt(high) << 32n) | BigInt(low))) !== 0n;
  });
  return `${names.length}${names.length ? `: ${names.map((n) => n.slice(4).toLowerCase()).join(" ")}` : ""}`;
}

function contextOf({ status }: Held): SeccompContext {
  const text = setText(status.get("CapBnd") ?? "0").split(": ")[1] ?? "";
  const bounding = text.split(" ").map((name) => `CAP_${name.toUpperCase()}`);
  return { capabilities: bounding, arch: host.arch, kernel: host.kernel };
}

function podmanFilter(held: Held): Uint8Array {
  const path = "/usr/share/containers/seccomp.json";
  const profile = parseSeccompProfile(readFileSync(path, "utf8"), contextOf(held), path);
  return compileSeccomp(profile, host.arch);
}

/** What a filter says to each call when all its arguments are zero. */
function verdicts(filter: Uint8Array): Map<string, string> {
  const arch = archOf(process.arch);
  const names = (Object.keys(syscalls) as SyscallName[]).filter((n) => syscallNumber(n, arch) >= 0);
  return new Map(
    names.map((name) => {
      const verdict = simulate(filter, { nr: syscallNumber(name, arch), arch });
      if (verdict >>> 16 === 0x7fff) return [name, "allowed"];
      return [name, { 1: "EPERM", 38: "ENOSYS" }[verdict & 0xffff] ?? `0x${verdict.toString(16)}`];
    }),
  );
}

function counts(verdicts: Map<string, string>): string {
  const tally = Map.groupBy(verdicts.values(), (verdict) => verdict);
  return [...tally].map(([verdict, { length }]) => `${length} ${verdict}`).join(", ");
}

const image = "/var/lib/kontener/images/busybox/rootfs";
const scratch = mkdtempSync(`${tmpdir()}/kontener-compare-`);
try {
  Bun.spawnSync(["cp", "-a", `${image}/.`, scratch]);
  Bun.spawnSync(["mkdir", "-p", `${scratch}/tmp`]);
  const ulimits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];
  const podman = ["podman", "--runtime", "runc", "run", "--rm", "--network", "none", ...ulimits];
  const kontener = [process.execPath, `${root}src/cli/main.ts`, "run", "--network", "none"];
  const [ours, theirs] = [look(kontener), look([...podman, "--rootfs", scratch])];
  print(ours, theirs);
} finally {
  rmSync(scratch, { recursive: true });
}
