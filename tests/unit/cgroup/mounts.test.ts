import { expect, test } from "bun:test";
import type { CgroupLayout } from "../../../src/cgroup/layout.ts";
import { cgroupMounts } from "../../../src/cgroup/mounts.ts";

const tree = (controllers: string[]) => ({
  controllers,
  mount: `/sys/fs/cgroup/${controllers.join(",")}`,
});

test("v2 is one read-only mount", () => {
  const unified = { controllers: ["cpu", "memory", "pids"], mount: "/sys/fs/cgroup" };
  const layout = { version: "v2", hierarchies: [], unified } as unknown as CgroupLayout;
  expect(cgroupMounts(layout).map(({ destination, type }) => [destination, type])).toEqual([
    ["/sys/fs/cgroup", "cgroup2"],
  ]);
  expect(cgroupMounts(layout)[0]!.options).toContain("ro");
});

test("v1 is a tmpfs with a read-only mount for each tree, co-mounted controllers in one, and then read-only itself", () => {
  const hierarchies = [tree(["cpu", "cpuacct"]), tree(["memory"]), tree(["pids"]), tree(["blkio"])];
  const layout = { version: "v1", hierarchies } as unknown as CgroupLayout;
  const mounts = cgroupMounts(layout);
  expect(mounts.map(({ destination, type }) => [destination, type])).toEqual([
    ["/sys/fs/cgroup", "tmpfs"],
    ["/sys/fs/cgroup/memory", "cgroup"],
    ["/sys/fs/cgroup/cpu,cpuacct", "cgroup"],
    ["/sys/fs/cgroup/pids", "cgroup"],
    ["/sys/fs/cgroup", "tmpfs"],
  ]);
  for (const { options } of mounts.slice(1)) expect(options).toContain("ro");
  expect(mounts.at(-1)!.options).toContain("remount");
});
