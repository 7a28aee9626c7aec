import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KontenerError } from "../../../src/abi/error.ts";
import { parseCpuset } from "../../../src/spec/cpuset.ts";
import { parseDevice, parseDeviceCgroupRule } from "../../../src/spec/device.ts";
import { parseOptions } from "../../../src/spec/options-schema.ts";

const device = (text: string) => parseDevice("--device", text);
const rule = (text: string) => parseDeviceCgroupRule("--device-cgroup-rule", text);

describe("--device", () => {
  test.each([
    ["/dev/fuse", { source: "/dev/fuse", target: "/dev/fuse", access: "rwm" }],
    ["/dev/fuse:r", { source: "/dev/fuse", target: "/dev/fuse", access: "r" }],
    ["/dev/a:/dev/x/b", { source: "/dev/a", target: "/dev/x/b", access: "rwm" }],
    ["/srv/node:/dev/b:mr", { source: "/srv/node", target: "/dev/b", access: "mr" }],
    ["/dev/../dev/a", { source: "/dev/a", target: "/dev/a", access: "rwm" }],
  ])("%s is read as docker reads it", (text, expected) => {
    expect(device(text)).toEqual(expected);
  });

  test.each([
    ["", "is not of the form HOST[:CONTAINER][:rwm]"],
    ["fuse", "is not of the form"],
    ["/dev/a:/dev/b:r:w", "is not of the form"],
    ["/dev/a:/dev/b:x", "is not of the form"],
    ["/dev/a:rr", '"rr" is not a place below /dev'],
    ["/srv/node", '"/srv/node" is not a place below /dev'],
    ["/dev/a:/dev/../etc/passwd", '"/etc/passwd" is not a place below /dev'],
    ["/dev", '"/dev" is not a place below /dev'],
    ["/dev/a:/dev/pts/0", "/dev/pts/0 is the container's own"],
    ["/dev/console", "/dev/console is the container's own"],
  ])("%p is refused", (text, message) => {
    expect(() => device(text)).toThrow(message);
  });

  test("gives a place below /dev or one sentence, whatever is written", () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom("/dev/a", "/dev/..", "rw", "m", "", "a"));
    const text = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(":"));
    fc.assert(
      fc.property(text, (written) => {
        try {
          expect(device(written).target).toMatch(/^\/dev\/(?!.*\/\.\.?(\/|$))./s);
        } catch (error) {
          if (!(error instanceof KontenerError)) throw error;
          expect(error.code).toBe("INVALID");
        }
      }),
    );
  });

  test("is checked in the same way where it comes as an object", () => {
    const devices = [{ source: "/dev/a", target: "/etc/a", access: "rwm" }];
    expect(() => parseOptions({ image: "a", devices })).toThrow("is not a place below /dev");
    const renamed = [{ source: "/dev/a", target: "/dev/b", access: "rwm" }];
    expect(() => parseOptions({ image: "a", userns: "auto", devices: renamed })).toThrow(
      "with --userns a device keeps its name",
    );
  });
});

test("--device-cgroup-rule has the kernel's form, a star for all", () => {
  expect(rule("c 10:* rw")).toEqual({ type: "c", major: 10, access: "rw" });
  expect(rule("a *:* rwm")).toEqual({ type: "a", access: "rwm" });
  for (const text of ["", "c 10 rw", "d 1:2 r", "c 1:2", "c 1:2 rr", "c x:2 r", "c 1:2 r "])
    expect(() => rule(text)).toThrow('is not of the form "TYPE MAJOR:MINOR ACCESS"');
});

test("--cpuset-cpus is a list of numbers and ranges", () => {
  for (const text of ["0", "0-3", "0-1,5,7-9"]) expect(parseCpuset("-", text)).toBe(text);
  for (const text of ["", "3-1", "a", "0,", "0-1-2", "-1"])
    expect(() => parseCpuset("-", text)).toThrow("is not a list of numbers");
});

test.each([
  [{ shmSize: 0 }, "--shm-size 0 is no size"],
  [{ cpuShares: 1 }, "--cpu-shares 1 is not from 2 to 262144"],
  [{ groupAdd: ["a:b"] }, '--group-add "a:b" is not a group'],
  [{ memory: 10 ** 7, memoryReservation: 10 ** 8 }, "is more than --memory"],
])("%j is refused", (options, message) => {
  expect(() => parseOptions({ image: "a", ...options })).toThrow(message);
});
