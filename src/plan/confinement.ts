import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD } from "./values.ts";

/*
 * A profile of AppArmor's takes hold at execve: it is asked for in a file of the process's own in /proc. What the container
 * has under /proc may be another file with that name (CVE-2019-16884, CVE-2025-52881), so it is the host's /proc, held
 * since before the container's mounts could be seen.
 */

const proc = "the host's /proc";
const request = "AppArmor's request";
const why = "the profile that AppArmor is to hold the command to, from execve on (apparmor(7))";

/** The monitor's part. */
export const planConfinementHold = (spec: RuntimeSpec): Step[] =>
  spec.process.apparmorProfile === undefined
    ? []
    : [
        {
          call: "openat",
          dirfd: AT_FDCWD,
          pathname: "/proc",
          flags: ["O_PATH", "O_DIRECTORY", "O_CLOEXEC"],
          mode: 0,
          why: "hold the host's /proc: in the container's a file could be another (CVE-2019-16884)",
          store: proc,
        },
      ];

/** PID 1's part, while it is still the user to whom its files in /proc belong. */
export function planConfinement(spec: RuntimeSpec): Step[] {
  const { apparmorProfile: profile } = spec.process;
  if (profile === undefined) return [];
  const buf = `exec ${profile}`;
  return [
    {
      call: "openat",
      dirfd: { stored: proc },
      pathname: "thread-self/attr/apparmor/exec",
      flags: ["O_WRONLY", "O_CLOEXEC"],
      mode: 0,
      why,
      store: request,
    },
    { call: "write", fd: { stored: request }, buf, count: buf.length, why },
    { call: "close", fd: { stored: request }, why },
    { call: "close", fd: { stored: proc }, why: "let go of the host's /proc" },
  ];
}
