import type { Mount } from "./runtime-spec.ts";
import { volumeData, type namedMounts } from "./volumes.ts";

/** The size of /dev/shm; docker's, as runc writes it. */
const DEFAULT_SHM = "65536k";

/** The file systems that every container has (config-linux.md, "Default Filesystems"), in runc's order and options. */
export const kernelMounts = (shmSize?: number): Mount[] => [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${shmSize ?? DEFAULT_SHM}`],
  },
  {
    destination: "/dev/mqueue",
    type: "mqueue",
    source: "mqueue",
    options: ["nosuid", "noexec", "nodev"],
  },
  {
    destination: "/sys",
    type: "sysfs",
    source: "sysfs",
    options: ["nosuid", "noexec", "nodev", "ro"],
  },
];

/**
 * Without a network namespace of its own a container may not mount sysfs afresh (its /sys/class/net would be another
 * namespace's): the host's is bound, read-only, as docker does for `--network host`.
 */
export const hostSysfs: Mount = {
  destination: "/sys",
  type: "bind",
  source: "/sys",
  options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
};

/**
 * Files that the engine writes for the container; an image whose file is a dangling link keeps it. Those that are about
 * the network come from `shared`.
 */
export const etcMounts = (directory: string, shared = directory): Mount[] =>
  ["hosts", "hostname", "resolv.conf"].map((name) => ({
    destination: `/etc/${name}`,
    type: "bind",
    source: `${name === "hostname" ? directory : shared}/${name}`,
    options: ["rbind", "nofail"],
  }));

/**
 * `--volume`, `--mount`, `--tmpfs`. `volumes`: the directory in which volumes are; `idmap`: with the owners that a user
 * namespace's container sees.
 */
export function optionMount(
  mount: ReturnType<typeof namedMounts>[number],
  volumes: string,
  idmap: boolean,
): Mount {
  if (mount.type === "tmpfs") {
    const options = ["nosuid", "nodev", ...mount.options];
    return { destination: mount.target, type: "tmpfs", source: "tmpfs", options };
  }
  const { target, readOnly } = mount;
  const source = mount.type === "volume" ? volumeData(volumes, mount.name) : mount.source;
  const recursive = mount.type === "bind" && mount.recursive;
  const mapped = idmap ? [recursive ? "ridmap" : "idmap"] : [];
  const options = [recursive ? "rbind" : "bind", ...(readOnly ? ["ro"] : []), ...mapped];
  return { destination: target, type: "bind", source, options };
}
