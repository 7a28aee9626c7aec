import { expect, test } from "bun:test";
import { planEnter } from "../../../src/cgroup/enter.ts";
import { planCgroup, planUpdate } from "../../../src/cgroup/plan.ts";
import type { Resources } from "../../../src/oci/runtime-spec.ts";
import { layoutOf, MiB, show } from "./fixtures.ts";

const path = "/kontener/web";
const usual: Resources = { memory: { limit: 100 * MiB, swap: 100 * MiB } };
const full: Resources = {
  memory: { limit: 100 * MiB, swap: 150 * MiB, reservation: 50 * MiB },
  cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0-1" },
  pids: { limit: 64 },
  devices: [
    { allow: false, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
    { allow: true, type: "b", access: "m" },
  ],
};

test("v2: controllers are handed down from the top, then the limits are set", () => {
  const { create, join } = planCgroup({ path, resources: usual, layout: layoutOf("v2") });
  expect(show(create)).toEqual([
    "/sys/fs/cgroup/cgroup.subtree_control = +memory +pids",
    "mkdir /sys/fs/cgroup/kontener",
    "/sys/fs/cgroup/kontener/cgroup.subtree_control = +memory +pids",
    "mkdir /sys/fs/cgroup/kontener/web",
    "/sys/fs/cgroup/kontener/web/memory.max = 104857600",
    "/sys/fs/cgroup/kontener/web/memory.swap.max = 0",
  ]);
  expect(show(join)).toEqual(["/sys/fs/cgroup/kontener/web/cgroup.procs = $PID"]);
});

test("v2: every limit of the specification has its file", () => {
  const { create } = planCgroup({ path, resources: full, layout: layoutOf("v2") });
  expect(show(create)).toEqual([
    "/sys/fs/cgroup/cgroup.subtree_control = +memory +pids +cpu +cpuset",
    "mkdir /sys/fs/cgroup/kontener",
    "/sys/fs/cgroup/kontener/cgroup.subtree_control = +memory +pids +cpu +cpuset",
    "mkdir /sys/fs/cgroup/kontener/web",
    "/sys/fs/cgroup/kontener/web/memory.max = 104857600",
    "/sys/fs/cgroup/kontener/web/memory.swap.max = 52428800",
    "/sys/fs/cgroup/kontener/web/memory.low = 52428800",
    "/sys/fs/cgroup/kontener/web/pids.max = 64",
    "/sys/fs/cgroup/kontener/web/cpu.weight = 20",
    "/sys/fs/cgroup/kontener/web/cpu.max = 50000 100000",
    "/sys/fs/cgroup/kontener/web/cpuset.cpus = 0-1",
    "bpf",
  ]);
});

test("hybrid: limits in v1's trees, and the unified one to count, freeze and kill", () => {
  const { create, join } = planCgroup({ path, resources: usual, layout: layoutOf("hybrid") });
  expect(show(create)).toEqual([
    "mkdir /sys/fs/cgroup/unified/kontener",
    "mkdir /sys/fs/cgroup/unified/kontener/web",
    "mkdir /sys/fs/cgroup/memory/kontener",
    "mkdir /sys/fs/cgroup/memory/kontener/web",
    "/sys/fs/cgroup/memory/kontener/web/memory.limit_in_bytes = 104857600",
    "/sys/fs/cgroup/memory/kontener/web/memory.memsw.limit_in_bytes = 104857600",
  ]);
  expect(show(join)).toEqual([
    "/sys/fs/cgroup/unified/kontener/web/cgroup.procs = $PID",
    "/sys/fs/cgroup/memory/kontener/web/cgroup.procs = $PID",
  ]);
});

test("v1: a tree for each controller, one for those mounted together; cpuacct counts, freezer stops", () => {
  const { create, join } = planCgroup({ path, resources: full, layout: layoutOf("v1") });
  expect(show(create)).toEqual([
    "mkdir /sys/fs/cgroup/memory/kontener",
    "mkdir /sys/fs/cgroup/memory/kontener/web",
    "/sys/fs/cgroup/memory/kontener/web/memory.limit_in_bytes = 104857600",
    "/sys/fs/cgroup/memory/kontener/web/memory.memsw.limit_in_bytes = 157286400",
    "/sys/fs/cgroup/memory/kontener/web/memory.soft_limit_in_bytes = 52428800",
    "mkdir /sys/fs/cgroup/pids/kontener",
    "mkdir /sys/fs/cgroup/pids/kontener/web",
    "/sys/fs/cgroup/pids/kontener/web/pids.max = 64",
    "mkdir /sys/fs/cgroup/cpu,cpuacct/kontener",
    "mkdir /sys/fs/cgroup/cpu,cpuacct/kontener/web",
    "/sys/fs/cgroup/cpu,cpuacct/kontener/web/cpu.shares = 512",
    "/sys/fs/cgroup/cpu,cpuacct/kontener/web/cpu.cfs_period_us = 100000",
    "/sys/fs/cgroup/cpu,cpuacct/kontener/web/cpu.cfs_quota_us = 50000",
    "mkdir /sys/fs/cgroup/devices/kontener",
    "mkdir /sys/fs/cgroup/devices/kontener/web",
    "/sys/fs/cgroup/devices/kontener/web/devices.deny = a",
    "/sys/fs/cgroup/devices/kontener/web/devices.allow = c 1:3 rwm",
    "/sys/fs/cgroup/devices/kontener/web/devices.allow = b *:* m",
    "mkdir /sys/fs/cgroup/freezer/kontener",
    "mkdir /sys/fs/cgroup/freezer/kontener/web",
  ]);
  expect(join).toHaveLength(5);
});

test("without any limit there is still a group that counts memory and processor time", () => {
  const trees = (host: "v1" | "v2" | "hybrid") =>
    show(planCgroup({ path, resources: {}, layout: layoutOf(host) }).join);
  expect(trees("v2")).toEqual(["/sys/fs/cgroup/kontener/web/cgroup.procs = $PID"]);
  expect(trees("hybrid")).toEqual([
    "/sys/fs/cgroup/unified/kontener/web/cgroup.procs = $PID",
    "/sys/fs/cgroup/memory/kontener/web/cgroup.procs = $PID",
  ]);
  expect(trees("v1")).toEqual([
    "/sys/fs/cgroup/memory/kontener/web/cgroup.procs = $PID",
    "/sys/fs/cgroup/cpu,cpuacct/kontener/web/cgroup.procs = $PID",
    "/sys/fs/cgroup/freezer/kontener/web/cgroup.procs = $PID",
  ]);
});

test("unlimited is said in each version's word", () => {
  const resources: Resources = {
    memory: { limit: -1, swap: -1 },
    pids: { limit: 0 },
    cpu: { quota: -1 },
  };
  const values = (host: "v1" | "v2") =>
    planCgroup({ path, resources, layout: layoutOf(host) }).create.flatMap((step) =>
      step.call === "write" && !step.path.endsWith("subtree_control") ? [step.text] : [],
    );
  expect(values("v2")).toEqual(["max", "max", "max", "max 100000"]);
  expect(values("v1")).toEqual(["-1", "-1", "max", "-1"]);
});

test("a host without swap accounting is no reason to fail, an id that is taken is one", () => {
  for (const host of ["v1", "v2"] as const) {
    const { create } = planCgroup({ path, resources: usual, layout: layoutOf(host) });
    const ignored = (end: string) =>
      create.find((s) => "path" in s && s.path.endsWith(end))?.ignore;
    expect(ignored(host === "v1" ? "memory.memsw.limit_in_bytes" : "swap.max")).toEqual(["ENOENT"]);
    expect(ignored("/kontener")).toEqual(["EEXIST"]);
    expect(ignored("/web") ?? []).toEqual([]);
  }
});

test("a path that leads elsewhere is refused", () => {
  for (const bad of ["kontener/web", "/", "/a//b", "/a/../b", "/a/./b", "", "system.slice:a:b"])
    expect(() => planCgroup({ path: bad, resources: {}, layout: layoutOf("v2") })).toThrow(
      "linux.cgroupsPath",
    );
});

test("an update sets what changes; on v1 it makes room for the swap limit and takes all processes in", () => {
  const resources: Resources = {
    memory: { limit: 200 * MiB, swap: 200 * MiB },
    cpu: { quota: 20_000 },
    devices: full.devices!,
  };
  expect(show(planUpdate({ path, resources, layout: layoutOf("hybrid") }, [7, 8]))).toEqual([
    "mkdir /sys/fs/cgroup/memory/kontener",
    "mkdir /sys/fs/cgroup/memory/kontener/web",
    "/sys/fs/cgroup/memory/kontener/web/memory.memsw.limit_in_bytes = -1",
    "/sys/fs/cgroup/memory/kontener/web/memory.limit_in_bytes = 209715200",
    "/sys/fs/cgroup/memory/kontener/web/memory.memsw.limit_in_bytes = 209715200",
    "/sys/fs/cgroup/memory/kontener/web/cgroup.procs = 7",
    "/sys/fs/cgroup/memory/kontener/web/cgroup.procs = 8",
    "mkdir /sys/fs/cgroup/cpu/kontener",
    "mkdir /sys/fs/cgroup/cpu/kontener/web",
    "/sys/fs/cgroup/cpu/kontener/web/cpu.cfs_quota_us = 20000",
    "/sys/fs/cgroup/cpu/kontener/web/cgroup.procs = 7",
    "/sys/fs/cgroup/cpu/kontener/web/cgroup.procs = 8",
  ]);
  expect(
    show(planUpdate({ path, resources: { cpu: { quota: 20_000 } }, layout: layoutOf("v2") }, [7])),
  ).toEqual([
    "/sys/fs/cgroup/cgroup.subtree_control = +memory +pids +cpu",
    "mkdir /sys/fs/cgroup/kontener",
    "/sys/fs/cgroup/kontener/cgroup.subtree_control = +memory +pids +cpu",
    "mkdir /sys/fs/cgroup/kontener/web",
    "/sys/fs/cgroup/kontener/web/cpu.max = 20000 100000",
  ]);
});

test("every step says what it is for, with the limit in words", () => {
  const { create, join } = planCgroup({ path, resources: full, layout: layoutOf("v1") });
  for (const step of [...create, ...join]) expect(step.why.length).toBeGreaterThan(20);
  const why = create.map((step) => step.why).join("\n");
  expect(why).toContain("at most 100 MB of memory");
  expect(why).toContain("at most 50 MB of swap on top");
  expect(why).toContain("as fast as 0.5 processors");
  expect(why).toContain("it may read, write, make /dev/null");
});

test("PID 1 can move itself into v1's trees, and be born in the unified one", () => {
  const lines = (host: "v1" | "v2" | "hybrid") => {
    const { hold, enter, birthplace } = planEnter({
      path,
      resources: usual,
      layout: layoutOf(host),
    });
    const held = hold.flatMap((step) =>
      step.call === "openat" ? [[step.store, step.pathname]] : [],
    );
    const entered = enter.map((step) => step.call === "write" && step.fd);
    expect(entered).toEqual(
      held.filter(([store]) => store !== birthplace).map(([stored]) => ({ stored: stored! })),
    );
    return held.map(([store, path]) => (store === birthplace ? `born in ${path}` : path));
  };
  expect(lines("v2")).toEqual(["born in /sys/fs/cgroup/kontener/web"]);
  expect(lines("hybrid").toSorted()).toEqual([
    "/sys/fs/cgroup/memory/kontener/web/tasks",
    "born in /sys/fs/cgroup/unified/kontener/web",
  ]);
  expect(lines("v1")).toEqual([
    "/sys/fs/cgroup/memory/kontener/web/tasks",
    "/sys/fs/cgroup/cpu,cpuacct/kontener/web/tasks",
    "/sys/fs/cgroup/freezer/kontener/web/tasks",
  ]);
});
