import { noIdmapping } from "./idmap-support.ts";
import { remedies } from "./remedies.ts";

/** What `kontener doctor` found out about the host (src/engine/doctor-facts.ts). */
export type Facts = {
  uid: number;
  kernel: readonly [major: number, minor: number];
  /** Capabilities that this process can hand on, "CAP_SYS_ADMIN". */
  bounding: readonly string[];
  /** Names in /proc/self/ns. */
  namespaces: readonly string[];
  /** Kinds of /proc/sys/user/max_<kind>_namespaces that are 0. */
  forbiddenNamespaces: readonly string[];
  /** kernel.unprivileged_userns_clone of Debian's and Ubuntu's kernels; undefined where there is none. */
  unprivilegedUserns: boolean | undefined;
  appArmorRestrictsUserns: boolean;
  cgroups: {
    version: "v1" | "hybrid" | "v2";
    mounts: readonly string[];
    controllers: readonly string[];
    writable: boolean;
  };
  /** undefined where it cannot be told. */
  swapAccounting: boolean | undefined;
  overlay: boolean;
  /** The state directory, whether it is on an overlay itself, and the type of its file system (statfs(2)). */
  state: { directory: string; onOverlay: boolean; fileSystem: number };
  /** Network drivers; undefined where it cannot be told. */
  drivers: Readonly<Record<"veth" | "bridge", boolean | undefined>>;
  /** Those of nft and iptables that are on PATH. */
  firewalls: readonly string[];
  /** sch_ingress and cls_bpf, without which no container gets a cable; undefined where it cannot be told. */
  cableFilter: boolean | undefined;
  /** Chains of others, "family table chain", that drop what is forwarded; rules of iptables that accept before ours. */
  forward: { dropping: readonly string[]; ahead: readonly string[] };
  /** Frames between containers on one bridge pass the host's firewall too. */
  bridgeNetfilter: boolean;
  forwarding: boolean;
  seccomp: boolean;
  lsm: readonly string[];
  /** apparmor_parser(8) is there, without which the kernel gets no profile. */
  appArmorParser: boolean;
  /** What this host is itself a container of: "docker"; undefined on a host of its own. */
  container: string | undefined;
};

/** `ok`; `warn`: it works, with less; `fail`: containers cannot be started. */
export type Check = {
  name: string;
  status: "ok" | "warn" | "fail";
  text: string;
  /** What to do about it. */
  fix?: string;
};

const ok = (name: string, text: string): Check => ({ name, status: "ok", text });
const warn = (name: string, text: string, fix: string): Check => ({
  name,
  status: "warn",
  text,
  fix,
});
const fail = (name: string, text: string, fix: string): Check => ({
  name,
  status: "fail",
  text,
  fix,
});

/** One line for each thing that a host must have or could have. */
export const diagnose = (facts: Facts): Check[] => checks.map((check) => check(facts));

/** True where nothing that is required is missing. */
export const isFit = (found: readonly Check[]): boolean =>
  found.every(({ status }) => status !== "fail");

const required = ["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SETPCAP", "CAP_MKNOD"];

const checks: readonly ((facts: Facts) => Check)[] = [
  ({ uid }) =>
    uid === 0 ? ok("root", "yes") : fail("root", `no, this is user ${uid}`, remedies.root),
  ({ uid, bounding }) => {
    const lacks = (names: readonly string[]) => names.filter((name) => !bounding.includes(name));
    const missing = lacks(required).join(", ");
    if (uid !== 0) return ok("capabilities", "those of a user");
    if (missing) return fail("capabilities", `${missing} missing`, remedies.capability(missing));
    if (lacks(["CAP_SYS_RESOURCE"]).length > 0)
      return warn(
        "capabilities",
        "CAP_SYS_RESOURCE missing: --ulimit cannot raise a hard limit",
        remedies.capability("CAP_SYS_RESOURCE"),
      );
    return ok("capabilities", "all that are needed");
  },
  ({ kernel: [major, minor] }) => {
    const text = `Linux ${major}.${minor}`;
    const atLeast = (a: number, b: number) => major > a || (major === a && minor >= b);
    if (!atLeast(5, 9))
      return fail("kernel", `${text}, 5.9 is needed (close_range)`, remedies.kernel);
    if (!atLeast(5, 12))
      return warn(
        "kernel",
        `${text}: 5.12 adds mount_setattr, for read-only trees`,
        remedies.kernel,
      );
    return ok("kernel", text);
  },
  ({ namespaces, forbiddenNamespaces }) => {
    const kinds = ["mnt", "uts", "ipc", "net", "pid", "cgroup"];
    const missing = kinds.filter((kind) => !namespaces.includes(kind));
    const forbidden = kinds.find((kind) => forbiddenNamespaces.includes(kind));
    if (missing.length > 0)
      return fail("namespaces", `the kernel lacks ${missing.join(", ")}`, remedies.kernel);
    if (forbidden)
      return fail("namespaces", `no ${forbidden} allowed`, remedies.namespaces(forbidden));
    return ok("namespaces", kinds.join(" "));
  },
  ({ namespaces, forbiddenNamespaces, unprivilegedUserns, appArmorRestrictsUserns }) => {
    const name = "user namespaces";
    if (!namespaces.includes("user")) return warn(name, "the kernel has none", remedies.kernel);
    if (forbiddenNamespaces.includes("user"))
      return warn(name, "none allowed", remedies.namespaces("user"));
    if (unprivilegedUserns === false) return warn(name, "for root only", remedies.userNamespaces);
    if (appArmorRestrictsUserns) return warn(name, "restricted", remedies.appArmorUserns);
    return ok(name, "for every user");
  },
  ({ cgroups: { version, mounts, controllers, writable } }) => {
    if (mounts.length === 0) return fail("cgroups", "not mounted", remedies.cgroupMount);
    if (!writable) return fail("cgroups", `${version}, read-only`, remedies.cgroupWritable);
    const missing = ["memory", "pids", "cpu"].filter((name) => !controllers.includes(name));
    if (missing.length === 0) return ok("cgroups", `${version}: ${controllers.join(" ")}`);
    const fix = missing.includes("memory")
      ? remedies.memoryController
      : remedies.controller(missing.join(" +"));
    return warn("cgroups", `${version}, without ${missing.join(", ")}: no such limit`, fix);
  },
  ({ swapAccounting, cgroups }) => {
    if (!cgroups.controllers.includes("memory")) return ok("swap limit", "none without memory's");
    if (swapAccounting === false)
      return warn("swap limit", "a container can swap beyond its --memory", remedies.swap);
    return ok("swap limit", swapAccounting ? "yes" : "cannot be told before the first container");
  },
  ({ overlay, state }) => {
    if (!overlay) return fail("overlayfs", "the kernel has none", remedies.overlay);
    if (state.onOverlay)
      return warn(
        "overlayfs",
        `${state.directory} is on an overlay itself: what containers write is kept in memory`,
        remedies.upper,
      );
    return ok("overlayfs", "yes");
  },
  ({ namespaces, forbiddenNamespaces, state, kernel }) => {
    const name = "--userns auto";
    if (!namespaces.includes("user") || forbiddenNamespaces.includes("user"))
      return ok(name, "none without user namespaces");
    const lack = noIdmapping(state.fileSystem, kernel);
    if (lack !== undefined) return warn(name, `${state.directory}: ${lack}`, remedies.mappedLayers);
    return ok(name, `yes: layers in ${state.directory} can be shown with a container's owners`);
  },
  ({ drivers }) => {
    const missing = (["veth", "bridge"] as const).filter((name) => drivers[name] === false);
    if (missing.length > 0)
      return warn("network", `no ${missing.join(", no ")}`, remedies.network(missing.join(" ")));
    const known = drivers.veth !== undefined && drivers.bridge !== undefined;
    return ok("network", known ? "veth bridge" : "veth, bridge: cannot be told without ip(8)");
  },
  ({ firewalls }) =>
    firewalls.length > 0
      ? ok("firewall", firewalls.join(" "))
      : warn("firewall", "neither nft nor iptables: no way out for containers", remedies.firewall),
  ({ cableFilter }) =>
    cableFilter === false
      ? warn("cable filter", "the kernel lacks sch_ingress or cls_bpf", remedies.cableFilter)
      : ok("cable filter", cableFilter ? "sch_ingress cls_bpf" : "cannot be told without tc(8)"),
  ({ forward: { dropping, ahead }, bridgeNetfilter }) => {
    const name = "forward rules";
    if (ahead.length > 0)
      return warn(
        name,
        `rules that stand before kontener's let in what it would drop: ${ahead.join("; ")}`,
        remedies.ahead,
      );
    if (dropping.length > 0)
      return warn(
        name,
        `${dropping.join(", ")} drops what is forwarded${bridgeNetfilter ? ", between containers too (br_netfilter)" : ""}, unless a rule there accepts it`,
        remedies.dropping(dropping[0]!),
      );
    return ok(name, "nobody else's are in the way");
  },
  ({ bridgeNetfilter }) =>
    ok(
      "br_netfilter",
      bridgeNetfilter
        ? "on: frames between containers pass the host's firewall"
        : "off: frames between containers stay on their bridge",
    ),
  ({ forwarding }) => ok("forwarding", forwarding ? "on" : "off: network up switches it on"),
  ({ seccomp }) =>
    seccomp ? ok("seccomp", "yes") : fail("seccomp", "the kernel has none", remedies.seccomp),
  ({ lsm, appArmorParser }) =>
    lsm.includes("apparmor") && !appArmorParser
      ? warn("LSM", "AppArmor, but containers get no profile of it", remedies.appArmorParser)
      : ok("LSM", lsm.join(" ") || "none"),
  ({ container }) =>
    container === undefined
      ? ok("host", "not a container itself")
      : warn(
          "host",
          `inside ${container}`,
          "the outer one needs --privileged where a line above fails",
        ),
];
