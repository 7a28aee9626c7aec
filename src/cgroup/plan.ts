import { invalid } from "../abi/error.ts";
import type { HostStep } from "../plan/host-step.ts";
import { planDeviceProgram } from "./devices.ts";
import { homeOf } from "./layout.ts";
import { treesFor, type CgroupRequest, type Tree } from "./trees.ts";

/**
 * A container's control group as steps: `create` makes it and sets its limits, and needs no process yet; `join` puts
 * `$PID` into it. So the limits are in force before the process that they are meant for.
 */
export function planCgroup(request: CgroupRequest): { create: HostStep[]; join: HostStep[] } {
  const path = checkPath(request.path);
  const trees = treesFor(request);
  return {
    create: [
      ...trees.flatMap((tree) => [...planGroup(tree, path, []), ...planSettings(tree, path)]),
      ...planDeviceList(request, path),
    ],
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

/** The list of devices is a controller in v1, a program on the group in v2. */
function planDeviceList({ layout, resources }: CgroupRequest, path: string): HostStep[] {
  if (!layout.unified || homeOf(layout, "devices")) return [];
  return planDeviceProgram(`${layout.unified.mount}${path}`, resources.devices);
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

export const planJoin = (tree: Tree, path: string, pid: string): HostStep => ({
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
export function checkPath(path: string): string {
  const [root, ...parts] = path.split("/");
  if (root === "" && parts.length > 0 && !parts.some((p) => odd.has(p)) && !path.includes("\0"))
    return path;
  throw invalid(
    `linux.cgroupsPath ${JSON.stringify(path)} is not a path that kontener can use`,
    'give an absolute one without "..", like "/kontener/web" (systemd\'s slice:prefix:name is not supported)',
  );
}

const odd: ReadonlySet<string> = new Set(["", ".", ".."]);
