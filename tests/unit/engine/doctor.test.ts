import { describe, expect, test } from "bun:test";
import { diagnose, isFit, type Facts } from "../../../src/engine/doctor.ts";
import { acceptedBefore } from "../../../src/engine/doctor-network.ts";
import { readFacts } from "../../../src/engine/doctor-facts.ts";

const [EXT4, OVERLAY, TMPFS] = [0xef53, 0x794c7630, 0x01021994];

const healthy: Facts = {
  uid: 0,
  kernel: [6, 18],
  bounding: ["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SETPCAP", "CAP_MKNOD", "CAP_SYS_RESOURCE"],
  namespaces: ["mnt", "uts", "ipc", "net", "pid", "cgroup", "user"],
  forbiddenNamespaces: [],
  unprivilegedUserns: undefined,
  appArmorRestrictsUserns: false,
  cgroups: {
    version: "v2",
    mounts: ["/sys/fs/cgroup"],
    controllers: ["cpu", "memory", "pids"],
    writable: true,
  },
  swapAccounting: true,
  overlay: true,
  state: { directory: "/var/lib/kontener", onOverlay: false, fileSystem: EXT4 },
  drivers: { veth: true, bridge: true },
  firewalls: ["nft"],
  cableFilter: true,
  forward: { dropping: [], ahead: [] },
  bridgeNetfilter: false,
  forwarding: true,
  seccomp: true,
  lsm: ["apparmor"],
  appArmorParser: true,
  container: undefined,
};
const { cgroups, state } = healthy;

test("a host that has everything gets a line for each thing and nothing to do", () => {
  const checks = diagnose(healthy);
  expect(checks.map(({ name }) => name)).toEqual([
    "root",
    "capabilities",
    "kernel",
    "namespaces",
    "user namespaces",
    "cgroups",
    "swap limit",
    "overlayfs",
    "--userns auto",
    "network",
    "firewall",
    "cable filter",
    "forward rules",
    "br_netfilter",
    "forwarding",
    "seccomp",
    "LSM",
    "host",
  ]);
  expect(checks.filter(({ status, fix }) => status !== "ok" || fix)).toEqual([]);
  expect(isFit(checks)).toBe(true);
});

describe("what is required and missing is ✗, and says what mends it", () => {
  test.each<[Partial<Facts>, string, string]>([
    [{ uid: 1000 }, "root", "sudo"],
    [{ bounding: ["CAP_SYS_ADMIN"] }, "capabilities", "CAP_NET_ADMIN, CAP_SETPCAP, CAP_MKNOD"],
    [{ kernel: [5, 8] }, "kernel", "newer kernel"],
    [{ namespaces: ["mnt"] }, "namespaces", "newer kernel"],
    [{ forbiddenNamespaces: ["net"] }, "namespaces", "sysctl -w user.max_net_namespaces="],
    [{ cgroups: { ...cgroups, mounts: [] } }, "cgroups", "mount -t cgroup2"],
    [{ cgroups: { ...cgroups, writable: false } }, "cgroups", "remount,rw"],
    [{ overlay: false }, "overlayfs", "modprobe overlay"],
    [{ seccomp: false }, "seccomp", "CONFIG_SECCOMP_FILTER"],
  ])("%j", (facts, name, fix) => {
    const checks = diagnose({ ...healthy, ...facts });
    const failed = checks.filter(({ status }) => status === "fail");
    expect(failed).toEqual([expect.objectContaining({ name, fix: expect.stringContaining(fix) })]);
    expect(isFit(checks)).toBe(false);
  });
});

describe("what a container could have besides is !, and no reason to fail", () => {
  test.each<[Partial<Facts>, string, string]>([
    [{ bounding: healthy.bounding.slice(0, -1) }, "capabilities", "CAP_SYS_RESOURCE"],
    [{ forbiddenNamespaces: ["user"] }, "user namespaces", "sysctl -w user.max_user_namespaces="],
    [{ unprivilegedUserns: false }, "user namespaces", "kernel.unprivileged_userns_clone=1"],
    [{ appArmorRestrictsUserns: true }, "user namespaces", "apparmor_restrict_unprivileged_userns"],
    [{ cgroups: { ...cgroups, controllers: ["memory", "pids"] } }, "cgroups", "echo +cpu"],
    [{ cgroups: { ...cgroups, controllers: ["cpu", "pids"] } }, "cgroups", "cgroup_enable=memory"],
    [{ swapAccounting: false }, "swap limit", "swapaccount=1"],
    [{ state: { ...state, onOverlay: true } }, "overlayfs", "KONTENER_LIB="],
    [{ state: { ...state, fileSystem: OVERLAY! } }, "--userns auto", "KONTENER_LIB="],
    [{ kernel: [5, 15] }, "--userns auto", "Linux 5.19"],
    [{ kernel: [6, 1], state: { ...state, fileSystem: TMPFS! } }, "--userns auto", "ext4"],
    [{ appArmorParser: false }, "LSM", "apt-get install apparmor"],
    [{ drivers: { veth: false, bridge: true } }, "network", "modprobe veth"],
    [{ cableFilter: false }, "cable filter", "modprobe -a sch_ingress cls_bpf"],
    [
      { forward: { dropping: ["ip filter FORWARD"], ahead: [] } },
      "forward rules",
      "nft insert rule ip filter FORWARD",
    ],
    [
      { forward: { dropping: [], ahead: ["-A FORWARD -j ACCEPT"] } },
      "forward rules",
      "network down",
    ],
    [{ firewalls: [] }, "firewall", "nftables"],
    [{ container: "docker" }, "host", "--privileged"],
  ])("%j", (facts, name, fix) => {
    const checks = diagnose({ ...healthy, ...facts });
    expect(checks.filter(({ status }) => status !== "ok")).toEqual([
      { name, status: "warn", text: expect.any(String), fix: expect.stringContaining(fix) },
    ]);
    expect(isFit(checks)).toBe(true);
  });
});

test("an old kernel costs read-only trees and user namespaces", () => {
  const worse = diagnose({ ...healthy, kernel: [5, 10] }).filter(({ status }) => status !== "ok");
  expect(worse.map(({ name, status }) => `${status} ${name}`)).toEqual([
    "warn kernel",
    "warn --userns auto",
  ]);
});

test("what cannot be told is said to be unknown, not missing", () => {
  const unknown = { veth: undefined, bridge: undefined };
  const checks = diagnose({ ...healthy, drivers: unknown, swapAccounting: undefined });
  expect(isFit(checks)).toBe(true);
  expect(checks.find(({ name }) => name === "network")?.text).toContain("cannot be told");
});

test("this host can be asked", () => {
  const facts = readFacts();
  expect(facts.namespaces).toContain("mnt");
  expect(facts.kernel[0]).toBeGreaterThanOrEqual(4);
  expect(diagnose(facts)).toHaveLength(18);
});

test("only what is accepted before kontener's own chain passes it by", () => {
  const rules = [
    "-P FORWARD ACCEPT",
    "-A FORWARD -i lan0 -j ACCEPT",
    "-A FORWARD -i lan1 -j DROP",
    "-A FORWARD -j kontener0-forward",
    "-A FORWARD -j ACCEPT",
  ];
  expect(acceptedBefore(rules.join("\n"))).toEqual(["-A FORWARD -i lan0 -j ACCEPT"]);
  expect(acceptedBefore(rules.slice(0, 3).join("\n"))).toEqual([]); // it has none there
});
