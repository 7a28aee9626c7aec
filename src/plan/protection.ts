import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { isKernelMount } from "./kernel-mounts.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD } from "./values.ts";

/** `--sysctl`: written while /proc/sys can still be written; only namespaced ones get here. */
export function planSysctls(spec: RuntimeSpec): Step[] {
  return Object.entries(spec.linux.sysctl ?? {}).flatMap(([name, value]): Step[] => {
    const why = "a kernel setting of the container's own namespaces (sysctl(8))";
    const store = `sysctl ${name}`;
    const pathname = `/proc/sys/${name.replaceAll(".", "/")}`;
    return [
      {
        call: "openat",
        dirfd: AT_FDCWD,
        pathname,
        flags: ["O_WRONLY", "O_CLOEXEC"],
        mode: 0,
        why,
        store,
      },
      {
        call: "write",
        fd: { stored: store },
        buf: value,
        count: new TextEncoder().encode(value).length,
        why,
      },
    ];
  });
}

/**
 * Where the null device is that covers masked files: the one that this birth has made. A volume may put another /dev over
 * it, whose null is a link to a setting of the kernel's, and the cover would be that setting, writable (CVE-2025-31133). So
 * the process stands in its own /dev from before the volumes come until the covers are made, and names it without a slash.
 */
const standsInDev = ({ mounts, linux }: RuntimeSpec): boolean =>
  !!linux.maskedPaths?.length &&
  mounts.some((mount) => mount.destination === "/dev" && isKernelMount(mount));

export const planNullDevice = (spec: RuntimeSpec): Step[] =>
  standsInDev(spec)
    ? [
        {
          call: "chdir",
          path: "/dev",
          why: "stand where the new null device is: whatever a volume puts over it, this one covers masked files (CVE-2025-31133)",
        },
      ]
    : [];

/**
 * Paths of /proc and /sys that tell about the host or change it. Whether a masked path is a file or a directory is the
 * kernel's business: the null device goes over the one, an empty read-only tmpfs over the other, and the wrong one fails
 * with ENOTDIR.
 */
export function planProtection(spec: RuntimeSpec): Step[] {
  const masked = (spec.linux.maskedPaths ?? []).flatMap((target): Step[] => {
    const why = "hide what tells about the host or gives power over it";
    return [
      {
        call: "mount",
        source: standsInDev(spec) ? "null" : "/dev/null",
        target,
        filesystemtype: null,
        mountflags: ["MS_BIND"],
        data: null,
        why,
        ignore: ["ENOENT", "ENOTDIR"],
      },
      {
        call: "mount",
        source: "tmpfs",
        target,
        filesystemtype: "tmpfs",
        mountflags: ["MS_RDONLY"],
        data: null,
        why,
        ignore: ["ENOENT", "ENOTDIR"],
      },
    ];
  });
  const readonly = (spec.linux.readonlyPaths ?? []).flatMap((target): Step[] => {
    const why = "settings of the host's kernel: to read, not to write";
    const bind = { call: "mount", filesystemtype: null, data: null, why } as const;
    return [
      { ...bind, source: target, target, mountflags: ["MS_BIND", "MS_REC"], ignore: ["ENOENT"] },
      {
        ...bind,
        source: null,
        target,
        mountflags: ["MS_REMOUNT", "MS_BIND", "MS_RDONLY", "MS_NOSUID", "MS_NODEV", "MS_NOEXEC"],
        ignore: ["ENOENT"],
      },
    ];
  });
  return [...masked, ...readonly];
}
