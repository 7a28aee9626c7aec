import { describe, expect, test } from "bun:test";
import { planCgroup } from "../../../src/cgroup/plan.ts";
import { intoSubgroup, subgroupTree } from "../../../src/cgroup/subgroup.ts";
import { layoutOf, show } from "./fixtures.ts";

describe("a command's own group", () => {
  const steps = (host: Parameters<typeof layoutOf>[0]) => {
    const request = { path: "/kontener/box", resources: {}, layout: layoutOf(host) };
    return show(intoSubgroup(planCgroup(request).join, request, "command-1"));
  };

  test("v2: one directory more, without controllers", () => {
    expect(steps("v2")).toEqual([
      "mkdir /sys/fs/cgroup/kontener/box/command-1",
      "/sys/fs/cgroup/kontener/box/command-1/cgroup.procs = $PID",
    ]);
  });

  test("hybrid: in the unified tree; the limits of v1's trees are the box's", () => {
    expect(steps("hybrid")).toEqual([
      "mkdir /sys/fs/cgroup/unified/kontener/box/command-1",
      "/sys/fs/cgroup/unified/kontener/box/command-1/cgroup.procs = $PID",
      "/sys/fs/cgroup/memory/kontener/box/cgroup.procs = $PID",
    ]);
  });

  test("v1: in the freezer's tree", () => {
    expect(steps("v1")).toContain(
      "/sys/fs/cgroup/freezer/kontener/box/command-1/cgroup.procs = $PID",
    );
    expect(steps("v1")).toContain("/sys/fs/cgroup/memory/kontener/box/cgroup.procs = $PID");
  });

  test("in every layout it is in a tree that the box takes part in", () => {
    for (const host of ["v2", "v1", "hybrid", "docker"] as const) {
      const group = `${subgroupTree(layoutOf(host))!.mount}/kontener/box/command-1/cgroup.procs`;
      expect(steps(host)).toContain(`${group} = $PID`);
    }
  });
});
