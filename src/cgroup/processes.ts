import { list } from "../linux/files.ts";
import { readText } from "./host.ts";
import { homeOf, type CgroupLayout } from "./layout.ts";

/** Controllers whose v1 trees a container may be in: see plan.ts. */
const used = ["memory", "pids", "cpu", "cpuacct", "cpuset", "devices", "freezer"];

/** The group's directory in every tree that it may be in. */
export function groupDirectories(layout: CgroupLayout, path: string): string[] {
  const homes = new Set(used.map((c) => homeOf(layout, c)).filter((h) => h !== undefined));
  if (layout.unified) homes.add(layout.unified);
  return [...homes].map((h) => `${h.mount}${path}`);
}

function childGroups(directory: string): string[] {
  try {
    return list(directory, true).map((name) => `${directory}/${name}`);
  } catch {
    return []; // gone meanwhile
  }
}

/** Groups that the container made inside its own, the deepest first. */
export function groupsBelow(directory: string): string[] {
  return childGroups(directory).flatMap((child) => [...groupsBelow(child), child]);
}

/** The group's processes, those of groups inside it included. Zombies are not among them (cgroups(7)). */
export function pidsIn(layout: CgroupLayout, path: string): number[] {
  const pids = new Set<number>();
  for (const top of groupDirectories(layout, path))
    for (const directory of [top, ...groupsBelow(top)])
      for (const line of (readText(`${directory}/cgroup.procs`) ?? "").split("\n"))
        if (line) pids.add(Number(line));
  return [...pids].filter((pid) => pid > 0); // 0 is a process of a pid namespace that is not ours
}
