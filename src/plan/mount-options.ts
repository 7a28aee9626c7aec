import type { MountAttr, MountFlag } from "../abi/mount.ts";

/** mount(8)'s words for a mount's flags; what is not in the table is the file system's own option. */
const words: Record<string, MountFlag> = {
  ro: "MS_RDONLY",
  nosuid: "MS_NOSUID",
  nodev: "MS_NODEV",
  noexec: "MS_NOEXEC",
  sync: "MS_SYNCHRONOUS",
  remount: "MS_REMOUNT",
  noatime: "MS_NOATIME",
  nodiratime: "MS_NODIRATIME",
  relatime: "MS_RELATIME",
  strictatime: "MS_STRICTATIME",
  bind: "MS_BIND",
  rbind: "MS_REC",
  nosymfollow: "MS_NOSYMFOLLOW",
};

/** The opposites, which are the defaults here. */
const defaults = new Set(["rw", "suid", "dev", "exec", "async", "atime", "diratime", "defaults"]);

const idmaps = new Set(["idmap", "ridmap"]);

const propagation: Record<string, MountFlag> = {
  private: "MS_PRIVATE",
  rprivate: "MS_PRIVATE",
  slave: "MS_SLAVE",
  rslave: "MS_SLAVE",
  shared: "MS_SHARED",
  rshared: "MS_SHARED",
};

const attrs: Partial<Record<MountFlag, MountAttr>> = {
  MS_RDONLY: "MOUNT_ATTR_RDONLY",
  MS_NOSUID: "MOUNT_ATTR_NOSUID",
  MS_NODEV: "MOUNT_ATTR_NODEV",
  MS_NOEXEC: "MOUNT_ATTR_NOEXEC",
  MS_NOATIME: "MOUNT_ATTR_NOATIME",
  MS_NOSYMFOLLOW: "MOUNT_ATTR_NOSYMFOLLOW",
};

export type MountOptions = {
  flags: MountFlag[];
  /** The same, in the words of mount_setattr(2). */
  attrs: MountAttr[];
  propagation: MountFlag[];
  recursive: boolean;
  /** "idmap", "ridmap" (config.md): owners through the container's mapping. */
  idmapped: boolean;
  /** What the file system itself understands, joined by commas. */
  data: string | null;
};

/** Sorts the options of an OCI mount (config.md, "Mounts"; mount(8)). */
export function parseMountOptions(options: readonly string[] = []): MountOptions {
  const flags: MountFlag[] = [];
  const spread: MountFlag[] = [];
  const data: string[] = [];
  for (const option of options) {
    const flag = words[option];
    if (flag) flags.push(flag);
    else if (propagation[option]) spread.push(propagation[option]);
    else if (!defaults.has(option) && !idmaps.has(option)) data.push(option);
  }
  return {
    flags,
    attrs: flags.flatMap((flag) => attrs[flag] ?? []),
    propagation: spread,
    idmapped: options.some((option) => idmaps.has(option)),
    recursive: options.includes("rbind"),
    data: data.join(",") || null,
  };
}
