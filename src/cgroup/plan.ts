import { invalid } from "../abi/error.ts";
import type { Resources } from "../oci/runtime-spec.ts";
import type { HostStep } from "../plan/host-step.ts";
import { homeOf, type CgroupLayout, type Hierarchy } from "./layout.ts";
import { limits, type LimitController, type Setting } from "./limits.ts";

export type CgroupRequest = {
  /** The specification's `linux.cgroupsPath`, below each tree's mount point: `/kontener/<id>`. */
  path: string;
  resources: Resources;
  layout: CgroupLayout;
};

/**
 * A container's control group as steps: `create` makes it and sets its limits, and needs no process yet; `join` puts
 * `$PID` into it. So the limits are in force before the process that they are meant for.
 */
export function planCgroup(request: CgroupRequest): { create: HostStep[]; join: HostStep[] } {
  const path = checkPath(request.path);
  const trees = treesFor(request);
  return {
    create: trees.flatMap((tree) => [...planGroup(tree, path, []), ...planSettings(tree, path)]),
    join: trees.map((tree) => planJoin(tree, path, "$PID")),
  };
}

/**
 * New limits for a running container (`docker update`). `pids` are all its processes: a tree of v1 in which it had no
 * limit until now takes them in. A memory limit below what is in use makes v1 refuse (EBUSY) and v2 kill.
 */
export function planUpdate(request: CgroupRequest, pids: readonly number[]): HostStep[] {
  const path = checkPath(request.path);
  const { devices: _, ...resources } = request.resources; // fixed at birth
  return treesFor({ ...request, resources })
    .filter((tree) => tree.settings.length > 0)
    .flatMap((tree) => [
      ...planGroup(tree, path, ["EEXIST"]),
      ...planLiftSwap(tree, path),
      ...planSettings(tree, path),
      ...(tree.v2 ? [] : pids.map((pid) => planJoin(tree, path, String(pid)))),
    ]);
}

/** A tree that the container takes part in, and what is set there. */
type Tree = { mount: string; v2: boolean; enable: string[]; settings: Setting[]; label: string };

const limited: readonly LimitController[] = ["memory", "pids", "cpu", "cpuset", "devices"];
/** Worth having without a limit: they count what the container uses. On v1 each is a tree more, so only the first is. */
const counted: ReadonlySet<string> = new Set(["memory"]);
const countedOnV2: ReadonlySet<string> = new Set(["memory", "pids"]);
/** What v1 needs a tree for and v2 does without any controller: counting CPU time, stopping all processes at once. */
const v1Only = ["cpuacct", "freezer"] as const;

/** As few trees as will do: each costs a mkdir(2), two writes and an rmdir(2), about 0.2 ms. */
function treesFor({ layout, resources }: CgroupRequest): Tree[] {
  const trees = new Map<Hierarchy, Tree>();
  const take = (home: Hierarchy): Tree => {
    const v2 = home === layout.unified;
    const label = v2 ? "unified" : home.controllers.join(",");
    const tree = trees.get(home) ?? { mount: home.mount, v2, enable: [], settings: [], label };
    trees.set(home, tree);
    return tree;
  };

  if (layout.unified) take(layout.unified);
  for (const controller of limited) {
    const home = homeOf(layout, controller);
    if (!home) continue; // checkResources has warned
    const v2 = home === layout.unified;
    const settings = limits[controller][v2 ? "v2" : "v1"](resources);
    if (settings.length === 0 && !(v2 ? countedOnV2 : counted).has(controller)) continue;
    const tree = take(home);
    tree.settings.push(...settings);
    if (v2) tree.enable.push(controller);
  }
  if (!layout.unified)
    for (const controller of v1Only) {
      const home = homeOf(layout, controller);
      if (home) take(home);
    }
  return [...trees.values()];
}

/** mkdir -p below the mount point; on v2 with the controllers switched on from the top down. */
function planGroup(tree: Tree, path: string, ignore: readonly string[]): HostStep[] {
  const parts = path.slice(1).split("/");
  const at = (depth: number): string => [tree.mount, ...parts.slice(0, depth)].join("/");
  const text = tree.enable.map((c) => `+${c}`).join(" ");
  return parts.flatMap((_, depth): HostStep[] => {
    const leaf = depth === parts.length - 1;
    return [
      ...(text ? [planEnable(at(depth), text)] : []),
      {
        call: "mkdir",
        path: at(depth + 1),
        mode: 0o755,
        why: leaf
          ? leafWhy(tree)
          : "one group above all containers, to see and count them together",
        ...(leaf ? { ignore } : { ignore: ["EEXIST"] }),
      },
    ];
  });
}

const planEnable = (directory: string, text: string): HostStep => ({
  call: "write",
  path: `${directory}/cgroup.subtree_control`,
  text,
  why: "in cgroup v2 a group has only the controllers that the group above hands down",
});

const leafWhy = ({ v2, label }: Tree): string =>
  v2
    ? "a directory here is a control group: the kernel fills it with files to limit, count, freeze and kill"
    : `cgroup v1 has a tree for each controller: the container's own group in that of ${label}`;

const planSettings = (tree: Tree, path: string): HostStep[] =>
  tree.settings.map(({ file, text, why, ignore }) => ({
    call: "write",
    path: `${tree.mount}${path}/${file}`,
    text,
    why,
    ...(ignore && { ignore }),
  }));

const planJoin = (tree: Tree, path: string, pid: string): HostStep => ({
  call: "write",
  path: `${tree.mount}${path}/cgroup.procs`,
  text: pid,
  why: "put the process into the group: what it starts from now on is born there as well",
});

/** v1 refuses a memory limit above that of memory and swap together: with the latter out of the way, any order is right. */
function planLiftSwap(tree: Tree, path: string): HostStep[] {
  if (!tree.settings.some(({ file }) => file === "memory.memsw.limit_in_bytes")) return [];
  return [
    {
      call: "write",
      path: `${tree.mount}${path}/memory.memsw.limit_in_bytes`,
      text: "-1",
      ignore: ["ENOENT"],
      why: "make room: the limit of memory and swap together must never be the lower one",
    },
  ];
}

/** Absolute and plain: a specification made elsewhere must not lead out of the tree or mean systemd's slices. */
function checkPath(path: string): string {
  const [root, ...parts] = path.split("/");
  if (root === "" && parts.length > 0 && !parts.some((p) => odd.has(p)) && !path.includes("\0"))
    return path;
  throw invalid(
    `linux.cgroupsPath ${JSON.stringify(path)} is not a path that kontener can use`,
    'give an absolute one without "..", like "/kontener/web" (systemd\'s slice:prefix:name is not supported)',
  );
}

const odd: ReadonlySet<string> = new Set(["", ".", ".."]);
