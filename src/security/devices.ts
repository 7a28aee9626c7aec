import type { Device, DeviceRule } from "../oci/runtime-spec.ts";

/** What every container finds in /dev (config-linux.md, "Default Devices"), beside the links and /dev/pts. */
export const defaultDevices: readonly Device[] = [
  { type: "c", path: "/dev/null", major: 1, minor: 3 },
  { type: "c", path: "/dev/zero", major: 1, minor: 5 },
  { type: "c", path: "/dev/full", major: 1, minor: 7 },
  { type: "c", path: "/dev/random", major: 1, minor: 8 },
  { type: "c", path: "/dev/urandom", major: 1, minor: 9 },
  { type: "c", path: "/dev/tty", major: 5, minor: 0 },
];

/**
 * Terminals: /dev/ptmx and all of /dev/pts, which are the container's own devpts whoever makes the node. Not 5:1, which
 * docker's list has: that is the host's console, to write to and to read what is typed there.
 */
const terminals: readonly DeviceRule[] = [
  { allow: true, type: "c", major: 5, minor: 2, access: "rwm" },
  { allow: true, type: "c", major: 136, access: "rwm" },
];

/**
 * The device cgroup's rules, in order: nothing, then what is allowed (runc's list, with docker's). Any node may be *made*,
 * since archives hold them; opening is what counts, and only the listed ones can be opened.
 * @param extra those of `--device` and `--device-cgroup-rule`
 */
export function deviceRules(extra: readonly DeviceRule[] = [], privileged = false): DeviceRule[] {
  if (privileged) return [{ allow: true, type: "a", access: "rwm" }];
  return [
    { allow: false, type: "a", access: "rwm" },
    { allow: true, type: "c", access: "m" },
    { allow: true, type: "b", access: "m" },
    ...defaultDevices.flatMap(deviceRule),
    ...terminals,
    ...extra,
  ];
}

function deviceRule({ type, major, minor }: Device): DeviceRule[] {
  if (type === "p") return []; // a pipe is not a device
  return [
    {
      allow: true,
      type: type === "u" ? "c" : type,
      ...(major === undefined ? {} : { major }),
      ...(minor === undefined ? {} : { minor }),
      access: "rwm",
    },
  ];
}
