import { expect, test } from "bun:test";
import { byteText, weightOf } from "../../../src/cgroup/limits.ts";
import { checkResources } from "../../../src/cgroup/check.ts";
import type { CgroupLayout } from "../../../src/cgroup/layout.ts";
import { cgroupHint } from "../../../src/cgroup/hint.ts";
import { layoutOf, MiB } from "./fixtures.ts";

const v2 = layoutOf("v2");

test("shares become a weight on v2's scale", () => {
  expect([2, 1024, 262144, 0, 1e9].map(weightOf)).toEqual([1, 39, 10000, 1, 10000]);
});

test("bytes are told in docker's units", () => {
  expect([1, 6 * MiB, 1.5 * MiB, 2048 * MiB].map(byteText)).toEqual([
    "1 B",
    "6 MB",
    "1.5 MB",
    "2 GB",
  ]);
});

test("a memory limit below docker's minimum is refused, in words", () => {
  expect(() => checkResources({ memory: { limit: 1 } }, v2)).toThrow(
    "a memory limit of 1 B is too small: the least is 6 MB",
  );
  expect(checkResources({ memory: { limit: 6 * MiB } }, v2)).toEqual([]);
  expect(checkResources({ memory: { limit: -1 } }, v2)).toEqual([]);
});

test("memory and swap together cannot be less than memory, nor without it", () => {
  expect(() => checkResources({ memory: { limit: 8 * MiB, swap: 7 * MiB } }, v2)).toThrow(
    "7 MB is less than",
  );
  expect(() => checkResources({ memory: { swap: 7 * MiB } }, v2)).toThrow(
    "needs a limit of memory",
  );
});

test("a cpu quota or period that the kernel refuses is refused before anything is done", () => {
  expect(() => checkResources({ cpu: { quota: 999 } }, v2)).toThrow("quota");
  expect(() => checkResources({ cpu: { period: 2_000_000 } }, v2)).toThrow("period");
});

test("a controller that the host lacks is a warning", () => {
  const bare: CgroupLayout = { version: "v2", hierarchies: [] };
  const resources = { memory: { limit: 8 * MiB }, pids: { limit: 5 }, cpu: { quota: 5000 } };
  expect(checkResources(resources, bare)).toEqual([
    "the memory limit is not applied: this host has no memory cgroup controller (on the kernel's command line: cgroup_enable=memory)",
    "the limit of processes is not applied: this host has no pids cgroup controller",
    "the limit of processor time is not applied: this host has no cpu cgroup controller",
  ]);
});

test("a failed step comes with advice", () => {
  const enable = {
    call: "write",
    path: "/sys/fs/cgroup/cgroup.subtree_control",
    text: "+memory",
    why: "",
  } as const;
  expect(cgroupHint(enable, "EBUSY")).toContain("processes of its own");
  expect(cgroupHint(enable, "EROFS")).toContain("--privileged");
  expect(cgroupHint(enable, "EIO")).toBeUndefined();
});
