import { describe, expect, test } from "bun:test";
import { planEnter } from "../../../src/cgroup/enter.ts";
import { planCgroup } from "../../../src/cgroup/plan.ts";
import { enterSubgroup, intoSubgroup, subgroupTree } from "../../../src/cgroup/subgroup.ts";
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

  test("a process that enters by itself enters the same groups", () => {
    for (const host of ["v2", "v1", "hybrid", "docker"] as const) {
      const request = { path: "/kontener/box", resources: {}, layout: layoutOf(host) };
      const { before, entry } = enterSubgroup(planEnter(request), request, "command-1");
      const held = entry.hold.map((step) => (step.call === "openat" ? step.pathname! : ""));
      const byHand = steps(host).flatMap(
        (line) => /^(\S+)\/cgroup\.procs = /.exec(line)?.[1] ?? [],
      );
      expect(held.map((path) => path.replace(/\/tasks$/, "")).toSorted()).toEqual(
        byHand.toSorted(),
      );
      expect(show(before)).toEqual(steps(host).filter((line) => line.startsWith("mkdir")));
    }
  });
});
