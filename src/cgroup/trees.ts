import type { Resources } from "../oci/runtime-spec.ts";
import { homeOf, type CgroupLayout, type Hierarchy } from "./layout.ts";
import { limits, type LimitController, type Setting } from "./limits.ts";

export type CgroupRequest = {
  /** The specification's `linux.cgroupsPath`, below each tree's mount point: `/kontener/<id>`. */
  path: string;
  resources: Resources;
  layout: CgroupLayout;
};

/** A tree that the container takes part in, and what is set there. */
export type Tree = {
  mount: string;
  v2: boolean;
  enable: string[];
  settings: Setting[];
  label: string;
};

const limited: readonly LimitController[] = ["memory", "pids", "cpu", "cpuset", "devices"];
/** Worth having without a limit: they count what the container uses. On v1 each is a tree more, so only the first is. */
const counted: ReadonlySet<string> = new Set(["memory"]);
const countedOnV2: ReadonlySet<string> = new Set(["memory", "pids"]);
/** What v1 needs a tree for and v2 does without any controller: counting CPU time, stopping all processes at once. */
const v1Only = ["cpuacct", "freezer"] as const;

/** As few trees as will do: each costs a mkdir(2), two writes and an rmdir(2), about 0.2 ms. */
export function treesFor({ layout, resources }: CgroupRequest): Tree[] {
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
