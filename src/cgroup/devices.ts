import type { DeviceRule } from "../oci/runtime-spec.ts";
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
 * cgroup-v1/devices.rst). On cgroup v2 there are no files for it: see {@link devicesOnV2}.
 */
export function deviceSettings(rules: readonly DeviceRule[]): Setting[] {
  return rules.map((rule) => {
    const numbers = `${wild(rule.major)}:${wild(rule.minor)}`;
    const all = (rule.type ?? "a") === "a";
    const access = rule.access ?? "rwm";
    const device = `${rule.type} ${numbers}`;
    return {
      file: rule.allow ? "devices.allow" : "devices.deny",
      text: all ? "a" : `${device} ${access}`, // "a" is all devices, whatever else is in the line
      why: all
        ? rule.allow
          ? "every device of the host, to read, to write and to make (--privileged)"
          : "no device at all at first: a raw disk would be the whole host"
        : `it may ${rule.allow ? "" : "not "}${verbs(access)} ${known[device] ?? `device ${device}`}`,
    };
  });
}

/** What `doctor` and the documentation say about cgroup v2. */
export const devicesOnV2 =
  "cgroup v2 has no device files: the list of allowed devices needs an eBPF program, which kontener does not load yet; until then a container that has CAP_MKNOD can open every device";

const wild = (n: number | undefined): string => (n === undefined || n < 0 ? "*" : String(n));

/** `rwm` is mknod(2) too: a device file is only a name, opening it is what counts. */
const verbs = (access: string): string =>
  [..."rwm"]
    .filter((letter) => access.includes(letter))
    .map((letter) => ({ r: "read", w: "write", m: "make" })[letter])
    .join(", ");
