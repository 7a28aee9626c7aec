import { describe, expect, test } from "bun:test";
import type { ContainerOptions } from "../../../src/spec/options.ts";
import { checkOptions } from "../../../src/spec/rules.ts";

const check = (options: Partial<ContainerOptions>) => checkOptions({ image: "alpine", ...options });

test("an image alone is enough", () => {
  expect(() => check({})).not.toThrow();
});

test.each<[Partial<ContainerOptions>, string]>([
  [{ image: "" }, "there is no image to run"],
  [{ command: [""] }, "the command is empty"],
  [{ entrypoint: [""] }, "the entrypoint is empty"],
  [{ command: ["a\0b"] }, "has a NUL byte in it"],
  [{ env: { "A\0": "x" } }, "has a NUL byte in it"],
  [{ labels: JSON.parse('{"__proto__":"x"}') }, 'labels: "__proto__" cannot be a name'],
  [{ labels: { a: "\ud800" } }, "is not Unicode text"],
  [{ name: "a" }, '--name "a" is not a container\'s name'],
  [{ name: "../x" }, "is not a container's name"],
  [{ name: "a".repeat(129) }, "is not a container's name"],
  [{ hostname: "-a" }, '--hostname "-a" is not a host\'s name'],
  [{ hostname: "a".repeat(64) }, "is not a host's name"],
  [{ hostname: "a..b" }, "is not a host's name"],
  [{ hostname: "web", uts: "host" }, "--hostname would rename the host"],
  [{ memory: 1 }, "--memory 1 is too small: a container needs at least 6 MB"],
  [{ memorySwap: 6 << 20 }, "is less than --memory 104857600"],
  [{ memory: 8 << 20, memorySwap: 7 << 20 }, "--memory-swap 7340032 is less than --memory 8388608"],
  [{ memory: "unlimited", memorySwap: 7 << 20 }, "needs a --memory limit"],
  [{ cpus: 0 }, "--cpus 0 is not a number of processors"],
  [{ cpus: NaN }, "--cpus NaN is not"],
  [{ pidsLimit: 0 }, "--pids-limit 0 leaves no room"],
  [{ env: { "": "x" } }, '"" is not a variable\'s name'],
  [{ workdir: "srv" }, '--workdir "srv" is not an absolute path'],
  [{ user: "a:b:c" }, '--user "a:b:c" is not of the form USER[:GROUP]'],
  [{ user: "" }, "is not of the form USER[:GROUP]"],
  [{ user: "4294967295" }, "is not of the form USER[:GROUP]"],
  [{ sysctls: { "kernel.panic": "1" } }, "--sysctl kernel.panic belongs to the whole host"],
  [{ sysctls: { "kernel.shmfoo": "1" } }, "belongs to the whole host"],
  [{ sysctls: { "kernel.hostname": "x" } }, "say --hostname instead"],
  [{ sysctls: { "kernel.domainname": "x" } }, "NIS domain names are not there"],
  [
    { sysctls: { "net.core.somaxconn": "1" }, network: "host" },
    "--sysctl net.core.somaxconn would change the host with --network host",
  ],
  [{ sysctls: { "kernel.sem": "1" }, ipc: "host" }, "would change the host with --ipc host"],
])("%j is refused in one sentence", (options, message) => {
  expect(() => check(options)).toThrow(message);
});

test.each(["/proc", "/proc/sys/kernel", "/proc/self/attr", "/proc/1"])(
  "nothing is mounted on %p, where the engine writes (CVE-2019-19921, CVE-2025-52881)",
  (target) => {
    const volume = { type: "volume", target, readOnly: false } as const;
    expect(() => check({ mounts: [volume] })).toThrow("nothing can be mounted on");
  },
);

test("what lxcfs shows instead of the kernel's files may be mounted", () => {
  const bind = { type: "bind", source: "/lxcfs", readOnly: false, recursive: true } as const;
  check({ mounts: [{ ...bind, target: "/proc/meminfo" }] });
  check({ mounts: [{ ...bind, target: "/process" }] });
});

test("two mounts cannot share a target", () => {
  const tmpfs = { type: "tmpfs", target: "/t", options: [] } as const;
  const mounts = [
    { ...tmpfs, options: [] },
    { ...tmpfs, options: [] },
  ];
  expect(() => check({ mounts })).toThrow('two mounts have the same target "/t"');
});

describe("what docker allows is allowed", () => {
  test.each<[Partial<ContainerOptions>]>([
    [{ name: "web_1.a-b" }],
    [{ hostname: "web-1.example.org" }],
    [{ memory: 6 << 20, memorySwap: "unlimited" }],
    [{ memory: "unlimited" }],
    [{ user: "1000:1000" }],
    [{ user: "nobody" }],
    [{ sysctls: { "net.ipv4.ip_forward": "1", "fs.mqueue.msg_max": "9" } }],
    [{ image: "", rootfs: "/srv/root" }],
    [{ entrypoint: [], command: ["ls", ""] }],
  ])("%j", (options) => {
    expect(() => check(options)).not.toThrow();
  });
});
