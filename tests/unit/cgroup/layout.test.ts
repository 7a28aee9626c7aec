import { expect, test } from "bun:test";
import fc from "fast-check";
import { homeOf, parseLayout } from "../../../src/cgroup/layout.ts";
import { layoutOf, mountinfo } from "./fixtures.ts";

test("a host with the unified hierarchy only is v2", () => {
  expect(layoutOf("v2")).toEqual({
    version: "v2",
    hierarchies: [],
    unified: {
      mount: "/sys/fs/cgroup",
      controllers: ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"],
    },
  });
});

test("a host with v1's hierarchies is v1; those mounted together are one", () => {
  const layout = layoutOf("v1");
  expect(layout.version).toBe("v1");
  expect(layout.unified).toBeUndefined();
  expect(layout.hierarchies[0]).toEqual({
    mount: "/sys/fs/cgroup/cpu,cpuacct",
    controllers: ["cpu", "cpuacct"],
  });
  expect(homeOf(layout, "cpu")).toBe(homeOf(layout, "cpuacct")!);
});

test("systemd's own tree has no controllers and is left alone", () => {
  for (const host of ["v1", "hybrid"] as const)
    expect(layoutOf(host).hierarchies.map((h) => h.mount)).not.toContain("/sys/fs/cgroup/systemd");
});

test("a host with both is hybrid; a controller is where the host uses it", () => {
  const layout = layoutOf("hybrid");
  expect(layout.version).toBe("hybrid");
  expect(homeOf(layout, "memory")?.mount).toBe("/sys/fs/cgroup/memory");
  expect(homeOf(layout, "hugetlb")?.mount).toBe("/sys/fs/cgroup/unified");
  expect(homeOf(layout, "rdma")).toBeUndefined();
});

test("inside a container, paths start at the group that is mounted there", () => {
  expect(layoutOf("docker")).toEqual({
    version: "v1",
    hierarchies: [
      { mount: "/sys/fs/cgroup/memory", controllers: ["memory"] },
      { mount: "/sys/fs/cgroup/cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
    ],
  });
});

test("a hierarchy that is mounted twice counts once, where it is mounted first", () => {
  const twice = `${mountinfo.v1}99 24 0:29 / /mnt/memory rw - cgroup cgroup rw,memory\n`;
  const mounts = parseLayout(twice, () => "").hierarchies.map((h) => h.mount);
  expect(mounts).toContain("/sys/fs/cgroup/memory");
  expect(mounts).not.toContain("/mnt/memory");
});

test("blanks in a mount point are decoded", () => {
  const line = "30 24 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n";
  expect(parseLayout(line, () => "").unified?.mount).toBe("/my groups");
});

test("odd content is no layout, never a crash", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      parseLayout(`${a}\n1 2 3:4 / ${b} - cgroup\n${b} - cgroup2`, () => a);
    }),
  );
  expect(parseLayout("", () => "")).toEqual({ version: "v2", hierarchies: [] });
});
