import { describe, expect, test } from "bun:test";
import { checkCommand, checkCommandOptions } from "../../../src/api/command-options.ts";
import { parseDuration } from "../../../src/api/duration.ts";
import { containerOptions, type BoxOptions } from "../../../src/api/options.ts";

describe("a length of time", () => {
  test.each([
    [250, 250],
    ["250ms", 250],
    ["2s", 2000],
    ["1.5m", 90_000],
    ["1h", 3_600_000],
  ])("%p is %p milliseconds", (value, expected) => {
    expect(parseDuration("timeout", value)).toBe(expected);
  });

  test.each([0, -1, NaN, Infinity, 2 ** 31, "", "2", "2 days", null, {}])(
    "%p is refused, and the option named",
    (value) => expect(() => parseDuration("timeout", value)).toThrow(/^timeout: /),
  );
});

describe("options of a box", () => {
  test("give it devices of the host, groups and weights", () => {
    const options: BoxOptions = {
      devices: ["/dev/fuse:r"],
      deviceCgroupRules: [{ type: "c", major: 10, access: "rw" }],
      groupAdd: ["video"],
      shmSize: "1m",
      memoryReservation: "20M",
      cpuShares: 512,
    };
    expect(containerOptions("busybox", options)).toEqual({
      image: "busybox",
      devices: [{ source: "/dev/fuse", target: "/dev/fuse", access: "r" }],
      deviceCgroupRules: [{ type: "c", major: 10, access: "rw" }],
      groupAdd: ["video"],
      shmSize: 1024 ** 2,
      memoryReservation: 20 * 1024 ** 2,
      cpuShares: 512,
    });
    expect(() => containerOptions("busybox", { devices: ["/etc/x"] })).toThrow("below /dev");
    expect(() => containerOptions("busybox", { shmSize: "unlimited" })).toThrow("shmSize");
  });

  test("become the engine's: sizes, volumes, tmpfs and working directory", () => {
    const options: BoxOptions = {
      memory: "64M",
      memorySwap: "unlimited",
      cwd: "/work",
      volumes: ["/etc:/host-etc:ro"],
      tmpfs: ["/scratch:size=16m"],
      timeout: "2s",
      signal: new AbortController().signal,
    };
    expect(containerOptions("busybox", options)).toEqual({
      image: "busybox",
      memory: 64 * 1024 ** 2,
      memorySwap: "unlimited",
      workdir: "/work",
      mounts: [
        { type: "bind", source: "/etc", target: "/host-etc", readOnly: true, recursive: true },
        { type: "tmpfs", target: "/scratch", options: expect.arrayContaining(["size=16m"]) },
      ],
    });
  });

  test.each([
    [{ memroy: "1g" }, /^memroy: there is no such option/],
    [{ memory: "many" }, /^memory "many" is not a size/],
    [{ memory: true }, /^memory: /],
    [{ cpus: "2" }, /^cpus: /],
    [{ network: 1 }, /^network: /],
    [{ network: "no/pe" }, /^--network "no\/pe" is not a network's name/],
    [{ volumes: "a:b" }, /^volumes: /],
    [{ timeout: "soon" }, /^timeout: /],
    [{ signal: {} }, /^signal: /],
    [{ env: { A: 1 } }, /^env\.A: /],
    [{ rootfs: "/" }, /^rootfs: there is no such option/],
  ])("%p is refused in one sentence that names the field", (options, message) => {
    expect(() => containerOptions("busybox", options as BoxOptions)).toThrow(message);
  });

  test("a misspelt one is told what was meant", () => {
    expect(() => containerOptions("busybox", { memroy: 1 } as BoxOptions)).toThrow(
      expect.objectContaining({ code: "INVALID", hint: expect.stringContaining("memory") }),
    );
  });
});

describe("options of a command", () => {
  test.each([
    [{ timout: 1 }, /^timout: /],
    [{ cwd: "relative" }, /^cwd: /],
    [{ env: { A: 1 } }, /^env\.A: /],
    [{ input: 5 }, /^input: /],
    [{ stdin: "some text" }, /^stdin: /],
    [{ stdin: "pipe", input: "x" }, /^stdin and input: /],
    [{ maxOutput: -1 }, /^maxOutput: /],
    [{ signal: 1 }, /^signal: /],
  ])("%p is refused", (options, message) => {
    expect(() => checkCommandOptions(options)).toThrow(message);
  });

  test.each([["ls -l"], [[]], [[""]], [["a\0"]], [[1]], [["\ud800"]], [undefined]])(
    "%p is no command",
    (command) => expect(() => checkCommand(command)).toThrow(/^command: /),
  );
});
