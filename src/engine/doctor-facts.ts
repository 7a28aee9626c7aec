import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { readLayout } from "../cgroup/host.ts";
import { homeOf, type CgroupLayout } from "../cgroup/layout.ts";
import { parser } from "../linux/apparmor.ts";
import { paths } from "../linux/paths.ts";
import { hasCableFilter, readForwardRules } from "./doctor-network.ts";
import type { Facts } from "./doctor.ts";
import { fileSystemOf, readHost } from "./host.ts";

/** Asks the host; changes nothing on it. */
export function readFacts(): Facts {
  const { lib } = paths();
  const host = readHost(lib);
  const cgroups = readLayout();
  return {
    uid: host.uid,
    kernel: host.kernel,
    bounding: host.bounding,
    namespaces: readdirSync("/proc/self/ns"),
    forbiddenNamespaces: forbiddenNamespaces(),
    unprivilegedUserns: flag("/proc/sys/kernel/unprivileged_userns_clone"),
    appArmorRestrictsUserns:
      flag("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") ?? false,
    cgroups: cgroupFacts(cgroups),
    swapAccounting: swapAccounting(cgroups),
    overlay: /\boverlay$/m.test(read("/proc/filesystems")) || hasModule("overlay"),
    state: { directory: lib, onOverlay: host.upperOnTmpfs, fileSystem: fileSystemOf(lib) },
    drivers: { veth: hasDriver("veth"), bridge: hasDriver("bridge") },
    firewalls: ["nft", "iptables"].filter((program) => Bun.which(program) !== null),
    cableFilter: hasCableFilter(),
    forward: readForwardRules(),
    bridgeNetfilter: flag("/proc/sys/net/bridge/bridge-nf-call-iptables") ?? false,
    forwarding: flag("/proc/sys/net/ipv4/ip_forward") ?? false,
    seccomp: read("/proc/sys/kernel/seccomp/actions_avail").includes("errno"),
    lsm: securityModules(),
    appArmorParser: parser() !== undefined,
    container: outerContainer(),
  };
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** A file of /proc that holds 0 or another number; undefined where there is none. */
const flag = (path: string): boolean | undefined => {
  const text = read(path).trim();
  return text === "" ? undefined : text !== "0" && text !== "N";
};

/** namespaces(7): a limit of 0 in /proc/sys/user forbids the kind. */
function forbiddenNamespaces(): string[] {
  const kinds = ["mnt", "uts", "ipc", "net", "pid", "cgroup", "user"];
  return kinds.filter((kind) => flag(`/proc/sys/user/max_${kind}_namespaces`) === false);
}

function cgroupFacts(layout: CgroupLayout): Facts["cgroups"] {
  const trees = [...layout.hierarchies, ...(layout.unified ? [layout.unified] : [])];
  return {
    version: layout.version,
    mounts: trees.map(({ mount }) => mount),
    controllers: [...new Set(trees.flatMap(({ controllers }) => controllers))],
    writable: ["memory", "pids", "cpu"].every((name) => {
      const mount = homeOf(layout, name)?.mount;
      return mount === undefined || isWritable(mount);
    }),
  };
}

/** The mount's mode and its read-only flag; root passes over the first, not the second (access(2)). */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EROFS";
  }
}

/** v1 shows it in every group; v2 in every group but the topmost (cgroup-v2.rst, memory.swap.max). */
function swapAccounting(layout: CgroupLayout): boolean | undefined {
  const home = homeOf(layout, "memory");
  if (home === undefined) return undefined;
  if (home !== layout.unified) return existsSync(`${home.mount}/memory.memsw.limit_in_bytes`);
  const groups = readdirSync(home.mount, { withFileTypes: true }).filter((e) => e.isDirectory());
  const child = groups.find(({ name }) => existsSync(`${home.mount}/${name}/memory.max`));
  return child && existsSync(`${home.mount}/${child.name}/memory.swap.max`);
}

/** Whether depmod(8)'s lists have the module, built in or to be loaded by the kernel itself when it is needed. */
function hasModule(name: string): boolean {
  const directory = `/lib/modules/${read("/proc/sys/kernel/osrelease").trim()}`;
  const listed = new RegExp(`/${name}\\.ko`);
  return (
    existsSync(`/sys/module/${name}`) ||
    listed.test(read(`${directory}/modules.builtin`)) ||
    listed.test(read(`${directory}/modules.dep`))
  );
}

/** Kernels without lists of modules: try it, in a network namespace that is gone with the command. */
function hasDriver(kind: "veth" | "bridge"): boolean | undefined {
  if (hasModule(kind)) return true;
  if (process.getuid?.() !== 0 || !Bun.which("unshare") || !Bun.which("ip")) return undefined;
  return Bun.spawnSync(["unshare", "--net", "ip", "link", "add", "probe0", "type", kind], {
    stdio: ["ignore", "ignore", "ignore"],
  }).success;
}

function securityModules(): string[] {
  const found = read("/sys/kernel/security/lsm").split(",").filter(Boolean);
  if (found.length > 0) return found;
  return [
    ...(flag("/sys/module/apparmor/parameters/enabled") ? ["apparmor"] : []),
    ...(existsSync("/sys/fs/selinux/enforce") ? ["selinux"] : []),
  ];
}

/** docker's and podman's marks, and the variable that systemd's container interface asks managers to set for PID 1. */
function outerContainer(): string | undefined {
  if (existsSync("/.dockerenv")) return "docker";
  if (existsSync("/run/.containerenv")) return "podman";
  return /(?:^|\0)container=([^\0]+)/.exec(read("/proc/1/environ"))?.[1];
}
