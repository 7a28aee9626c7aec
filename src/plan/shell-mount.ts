import type { MountAttr, MountFlag } from "../abi/mount.ts";
import { shellWords } from "./shell-words.ts";
import type { Values } from "./signatures.ts";
import type { Call } from "./step.ts";

type Of<C extends Call["call"]> = Extract<Call, { call: C }>;

/** mount(8)'s option for a flag where it is not the flag's own name in small letters. */
const optionNames: Partial<Record<MountFlag | MountAttr, string>> = {
  MS_RDONLY: "ro",
  MS_SYNCHRONOUS: "sync",
  MOUNT_ATTR_RDONLY: "ro",
};

const optionOf = (flag: MountFlag | MountAttr): string =>
  optionNames[flag] ?? flag.replace(/^(MS|MOUNT_ATTR)_/, "").toLowerCase();

const propagations = ["MS_PRIVATE", "MS_SLAVE", "MS_SHARED", "MS_UNBINDABLE"] as const;

/** mount(8) for mount(2), which is several calls in one: flags decide (mount(2), DESCRIPTION). */
export function mountCommand(step: Of<"mount">): string {
  const { source, target, filesystemtype, mountflags, data } = step;
  const has = (flag: MountFlag): boolean => mountflags.includes(flag);
  const spread = propagations.find(has);
  if (spread) return shellWords("mount", propagation(spread, has("MS_REC")), target);
  if (has("MS_BIND") && !has("MS_REMOUNT"))
    return shellWords("mount", has("MS_REC") ? "--rbind" : "--bind", source, target);
  const options = [...mountflags.map(optionOf), ...(data === null ? [] : [data])].join(",");
  const flags = options ? ["-o", options] : [];
  return filesystemtype === null
    ? shellWords("mount", ...flags, target)
    : shellWords("mount", "-t", filesystemtype, ...flags, source, target);
}

/** mount_setattr(2) on a tree that is held: in a shell it is bound already (see open_tree), below the new root. */
export function mountSetattrCommand(step: Of<"mount_setattr">): string | undefined {
  const { dirfd, flags, attr } = step;
  if (attr.userns_fd !== undefined) return undefined; // mount(8) maps owners of new mounts only: X-mount.idmap
  const target = typeof dirfd === "object" ? dirfd.stored.replace(/^\//, "") : step.pathname;
  const recursive = flags.includes("AT_RECURSIVE");
  if (attr.set.length) return shellWords("mount", "-o", remount(attr.set, recursive), target);
  const spread = propagations.find((flag) => attr.propagation.includes(flag)) ?? "MS_PRIVATE";
  return shellWords("mount", propagation(spread, recursive), target);
}

const propagation = (flag: MountFlag, recursive: boolean): string =>
  `--make-${recursive ? "r" : ""}${optionOf(flag)}`;

/** `ro=recursive` is util-linux's word for AT_RECURSIVE (mount(8), 2.39). */
const remount = (set: Values["attr"]["set"], recursive: boolean): string =>
  ["remount", "bind", ...set.map((attr) => optionOf(attr) + (recursive ? "=recursive" : ""))].join(
    ",",
  );
