import type { Mount, RuntimeSpec } from "../oci/runtime-spec.ts";
import { planDevices } from "./devices.ts";
import { parseMountOptions } from "./mount-options.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD } from "./values.ts";

const reasons: Record<string, string> = {
  proc: "processes as the new PID namespace sees them: with the host's /proc, ps would show the host's",
  sysfs: "the kernel's devices and settings, to look at only",
  tmpfs: "files in memory, gone with the container",
  devpts: "terminals of the container's own, an instance that shares nothing with the host's",
  mqueue: "POSIX message queues, those of the new IPC namespace",
  cgroup: "what the container may use and has used, to look at only",
  cgroup2: "what the container may use and has used, to look at only",
};

/** True for a file system that is mounted from a host path. */
export const isBind = (mount: Mount): boolean =>
  mount.type === "bind" || !!mount.options?.some((o) => o === "bind" || o === "rbind");

/** True for what is mounted before pivot_root: the kernel's own, whose parents are never an image's. */
export const isKernelMount = (mount: Mount): boolean =>
  !isBind(mount) && /^\/(proc|sys|dev)(\/|$)/.test(mount.destination);

/** /proc, /sys, /dev and what is below them, relative to the new root, in which the process stands. */
export function planKernelMounts(spec: RuntimeSpec): Step[] {
  return spec.mounts
    .filter(isKernelMount)
    .flatMap((mount) => [
      ...planRealDirectory(mount.destination.slice(1)),
      planFileSystem(mount, mount.destination.slice(1)),
      ...(mount.destination === "/dev" ? planDevices(spec) : []),
    ]);
}

/** One mount(2) of a file system that has no source on the host. */
export function planFileSystem(mount: Mount, target: string): Step {
  const { flags, data } = parseMountOptions(mount.options);
  const type = mount.type ?? "none";
  return {
    call: "mount",
    source: mount.source ?? type,
    target,
    filesystemtype: type,
    mountflags: flags,
    data,
    why: reasons[type] ?? `a file system of type ${type}`,
  };
}

/** The directory must be one: an image whose /proc is a link would have proc mounted somewhere else (CVE-2019-19921). */
function planRealDirectory(pathname: string): Step[] {
  const steps: Step[] = [
    {
      call: "mkdirat",
      dirfd: AT_FDCWD,
      pathname,
      mode: 0o755,
      why: "a place to mount on",
      ignore: ["EEXIST"],
    },
  ];
  if (!pathname.includes("/")) {
    steps.push({
      call: "openat",
      dirfd: AT_FDCWD,
      pathname,
      flags: ["O_PATH", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC"],
      mode: 0,
      why: "make sure that it is a directory and not a link which leads elsewhere (CVE-2019-19921)",
    });
  }
  return steps;
}
