import { expect, test } from "bun:test";
import { checkResources } from "../../../src/cgroup/check.ts";
import { deviceSettings, planDeviceProgram } from "../../../src/cgroup/devices.ts";
import { planCgroup } from "../../../src/cgroup/plan.ts";
import { formatStep } from "../../../src/plan/format.ts";
import type { DeviceRule } from "../../../src/oci/runtime-spec.ts";
import { deviceRules } from "../../../src/security/devices.ts";
import { layoutOf } from "./fixtures.ts";

const v1 = (rules: readonly DeviceRule[]): string[] =>
  deviceSettings(rules).map(({ file, text }) => `${file.slice(8)} ${text}`);

test("v1: the default list, a line for each rule", () => {
  expect(v1(deviceRules())).toEqual([
    "deny a",
    "allow c *:* m",
    "allow b *:* m",
    ...[3, 5, 7, 8, 9].map((minor) => `allow c 1:${minor} rwm`),
    "allow c 5:0 rwm",
    "allow c 5:2 rwm",
    "allow c 136:* rwm",
  ]);
  expect(v1(deviceRules([], true))).toEqual(["allow a"]);
});

test("v1: a rule for all types that is not about everything does not become everything", () => {
  expect(v1([{ allow: false }, { allow: true, type: "a", major: 10, access: "r" }])).toEqual([
    "deny a",
    "allow c 10:* r",
    "allow b 10:* r",
  ]);
});

test("v1: a list starts from nothing, whatever the group above has", () => {
  expect(v1([{ allow: true, type: "c", major: 1, minor: 3 }])).toEqual([
    "deny a",
    "allow c 1:3 rwm",
  ]);
  expect(v1([])).toEqual([]);
});

test("v2: the program is attached to the container's group, after the group is made and before it is entered", () => {
  const plan = (host: "v2" | "hybrid", privileged = false) =>
    planCgroup({
      path: "/kontener/web",
      resources: { devices: deviceRules([], privileged) },
      layout: layoutOf(host),
    }).create;
  const step = plan("v2").at(-1)!;
  expect(formatStep(step)).toBe(
    'bpf(BPF_PROG_ATTACH, {target_fd="/sys/fs/cgroup/kontener/web", attach_bpf_fd=bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_CGROUP_DEVICE, insn_cnt=57, …}), attach_type=BPF_CGROUP_DEVICE, attach_flags=BPF_F_ALLOW_MULTI})',
  );
  expect(step.why).toContain("/dev/null, /dev/zero");
  expect(plan("v2", true).some(({ call }) => call === "bpf")).toBe(false);
  expect(plan("hybrid").some(({ call }) => call === "bpf")).toBe(false); // v1 has the controller
});

test("a list that no control group can hold is no start, unless it forbids nothing", () => {
  const nothing = { version: "v1", hierarchies: [] } as const;
  const layout = { ...nothing, hierarchies: [] };
  expect(() => checkResources({ devices: deviceRules() }, layout)).toThrow("limit a container");
  expect(checkResources({ devices: deviceRules([], true) }, layout)).toEqual([]);
  expect(planDeviceProgram("/x", deviceRules([], true))).toEqual([]);
});
