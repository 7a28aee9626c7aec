import { expect, test } from "bun:test";
import { defaultDevices, deviceRules } from "../../../src/security/devices.ts";

test("all devices are denied first, then the default ones and the terminals are allowed", () => {
  const [first, ...rest] = deviceRules();
  expect(first).toEqual({ allow: false, type: "a", access: "rwm" });
  expect(rest.every(({ allow }) => allow)).toBe(true);
  const opened = rest
    .filter(({ access }) => access !== "m")
    .map(({ type, major, minor }) => `${type} ${major}:${minor ?? "*"}`);
  expect(opened.sort()).toEqual([
    "c 136:*",
    "c 1:3",
    "c 1:5",
    "c 1:7",
    "c 1:8",
    "c 1:9",
    "c 5:0",
    "c 5:2",
  ]);
});

test("no disk is in the list, and any node may be made but not opened", () => {
  const block = deviceRules().filter(({ type }) => type === "b");
  expect(block).toEqual([{ allow: true, type: "b", access: "m" }]);
});

test("--device adds its node, --privileged is everything", () => {
  const fuse = { allow: true, type: "c", major: 10, minor: 229, access: "r" } as const;
  expect(deviceRules([fuse]).at(-1)).toEqual(fuse);
  expect(deviceRules([], true)).toEqual([{ allow: true, type: "a", access: "rwm" }]);
  expect(defaultDevices.map(({ path }) => path)).not.toContain("/dev/kmsg");
});
