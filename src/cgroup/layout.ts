/**
 * Where this host keeps its control groups, as a value: cgroups(7).
 *
 * - v2: one tree for everything, the unified hierarchy.
 * - v1: a tree for each controller, or for a few that are mounted together (`cpu,cpuacct`).
 * - hybrid: v1's trees, and beside them a unified one that has no controllers, or those that v1 left over.
 */
export type CgroupLayout = {
  version: "v1" | "hybrid" | "v2";
  /** The v1 hierarchies that have controllers. */
  hierarchies: Hierarchy[];
  /** The v2 hierarchy: also without controllers it counts CPU time, freezes and kills. */
  unified?: Hierarchy;
};

/** One tree: where its top is mounted, and the controllers that can be used in it. */
export type Hierarchy = { mount: string; controllers: string[] };

/** v1's controllers: what else is among a mount's options (`rw`, `xattr`, `name=…`) is none. */
const v1Controllers: ReadonlySet<string> = new Set([
  "blkio",
  "cpu",
  "cpuacct",
  "cpuset",
  "devices",
  "freezer",
  "hugetlb",
  "memory",
  "misc",
  "net_cls",
  "net_prio",
  "perf_event",
  "pids",
  "rdma",
]);

/**
 * Reads the layout out of /proc/self/mountinfo (proc_pid_mountinfo(5)). `controllersOf(mount)` is the text of
 * `<mount>/cgroup.controllers`, asked for the unified hierarchy only. Paths of control groups are taken from the mount
 * point: inside a container, where the mounted root is a group further down, ours come to lie below that group, and its
 * limits hold for ours as well.
 */
export function parseLayout(
  mountinfo: string,
  controllersOf: (mount: string) => string,
): CgroupLayout {
  const hierarchies: Hierarchy[] = [];
  let unified: Hierarchy | undefined;
  const taken = new Set<string>(); // a hierarchy that is mounted twice counts once

  for (const line of mountinfo.split("\n")) {
    // `36 35 98:0 /root /mount rw,noatime master:1 - type source options`: optional fields end at the dash.
    const dash = line.indexOf(" - cgroup");
    if (dash === -1) continue;
    const mount = unescape(line.split(" ", 5)[4] ?? "");
    const [type, , options] = line.slice(dash + 3).split(" ");
    if (type === "cgroup2") {
      unified ??= { mount, controllers: controllersOf(mount).trim().split(" ").filter(Boolean) };
    } else if (options !== undefined) {
      const controllers = options.split(",").filter((o) => v1Controllers.has(o) && !taken.has(o));
      for (const c of controllers) taken.add(c);
      if (controllers.length) hierarchies.push({ mount, controllers });
    }
  }
  const version = hierarchies.length === 0 ? "v2" : unified ? "hybrid" : "v1";
  return unified ? { version, hierarchies, unified } : { version, hierarchies };
}

/** The tree in which a controller is used; undefined where the host has none. */
export function homeOf(layout: CgroupLayout, controller: string): Hierarchy | undefined {
  if (layout.unified?.controllers.includes(controller)) return layout.unified;
  return layout.hierarchies.find((h) => h.controllers.includes(controller));
}

/** The kernel writes blanks in paths as octal numbers: `\040`. */
const unescape = (path: string): string =>
  path.includes("\\")
    ? path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    : path;
