import { bpfInstructionSize, encodeEbpf } from "../abi/ebpf.ts";
import type { DeviceRule } from "../oci/runtime-spec.ts";
import type { HostStep } from "../plan/host-step.ts";
import { accessMask, deviceProgram, isWhole, isWild } from "./device-program.ts";
import type { Setting } from "./limits.ts";

/** Device numbers that a reader of the plan should not have to look up (the kernel's admin-guide/devices.txt). */
const known: Readonly<Record<string, string>> = {
  "c 1:3": "/dev/null",
  "c 1:5": "/dev/zero",
  "c 1:7": "/dev/full",
  "c 1:8": "/dev/random",
  "c 1:9": "/dev/urandom",
  "c 5:0": "/dev/tty",
  "c 5:1": "/dev/console",
  "c 5:2": "/dev/ptmx",
  "c 10:200": "/dev/net/tun",
  "c 10:229": "/dev/fuse",
  "c *:*": "any character device (making one is not opening it)",
  "b *:*": "any block device (making one is not opening it)",
  "c 136:*": "the pseudo-terminals of /dev/pts",
};

/**
 * The allow list as cgroup v1's devices controller takes it, one rule a write, in the specification's order (the kernel's
 * cgroup-v1/devices.rst). On cgroup v2 there are no files for it: see {@link planDeviceProgram}.
 */
export function deviceSettings(rules: readonly DeviceRule[]): Setting[] {
  return onV1(rules).map((rule) => {
    const all = isWhole(rule);
    const access = rule.access ?? "rwm";
    const device = deviceText(rule);
    return {
      file: rule.allow ? "devices.allow" : "devices.deny",
      text: all ? "a" : `${device} ${access}`,
      why: all
        ? rule.allow
          ? "every device of the host, to read, to write and to make (--privileged)"
          : "no device at all at first: a raw disk would be the whole host"
        : `it may ${rule.allow ? "" : "not "}${verbs(access)} ${known[device] ?? `device ${device}`}`,
    };
  });
}

/**
 * Where v1 and the specification differ. To v1 "a" is every device whatever else stands in the line, so a rule for "a" with
 * numbers or fewer accesses becomes one for each type. A new group has its parent's list, usually everything, where the
 * specification's list starts from nothing.
 */
function onV1(rules: readonly DeviceRule[]): DeviceRule[] {
  const first = rules[0];
  const start: DeviceRule[] = first && !isWhole(first) ? [{ allow: false, type: "a" }] : [];
  return [...start, ...rules].flatMap((rule) =>
    (rule.type ?? "a") !== "a" || isWhole(rule)
      ? rule
      : (["c", "b"] as const).map((type) => ({ ...rule, type })),
  );
}

/**
 * The same list for cgroup v2: a program on the group's directory, in force before a process is in there. None where
 * everything is allowed. A start whose program cannot be loaded fails: the list is a protection, not a wish.
 */
export function planDeviceProgram(
  directory: string,
  rules: readonly DeviceRule[] = [],
): HostStep[] {
  const instructions = deviceProgram(rules);
  if (!instructions) return [];
  const bytes = encodeEbpf(instructions);
  const count = bytes.length / bpfInstructionSize;
  const opened = rules
    .filter((rule) => rule.allow && accessMask(rule.access) !== accessMask("m"))
    .map((rule) => known[deviceText(rule)] ?? `device ${deviceText(rule)}`);
  return [
    {
      call: "bpf",
      target: directory,
      program: { text: `{prog_type=BPF_PROG_TYPE_CGROUP_DEVICE, insn_cnt=${count}, …}`, bytes },
      why: `in cgroup v2 a program is the list of devices: the kernel runs it before one is opened or made. It lets pass ${opened.join(", ") || "none"}`,
    },
  ];
}

const deviceText = ({ type = "a", major, minor }: DeviceRule): string =>
  `${type} ${wild(major)}:${wild(minor)}`;

const wild = (n: number | undefined): string => (isWild(n) ? "*" : String(n));

/** `rwm` is mknod(2) too: a device file is only a name, opening it is what counts. */
const verbs = (access: string): string =>
  [..."rwm"]
    .filter((letter) => access.includes(letter))
    .map((letter) => ({ r: "read", w: "write", m: "make" })[letter])
    .join(", ");
