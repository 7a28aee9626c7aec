import type { Mount, RuntimeSpec } from "../oci/runtime-spec.ts";
import { isBind, isKernelMount, planFileSystem } from "./kernel-mounts.ts";
import { parseMountOptions } from "./mount-options.ts";
import type { Step } from "./step.ts";
import { planIdmap } from "./user-namespace.ts";
import { AT_FDCWD } from "./values.ts";

/**
 * Host paths come in two halves around pivot_root: before it, a hold on the tree; after it, the tree is put in its place.
 * The target's path is then resolved below the container's own root, where no link in an image or in a volume that
 * another container writes can lead to the host (CVE-2021-30465, CVE-2023-27561).
 */
export function planHolds(spec: RuntimeSpec): Step[] {
  return spec.mounts.filter(isBind).flatMap((mount): Step[] => {
    const { attrs, propagation, recursive, idmapped } = parseMountOptions(mount.options);
    const rec = recursive ? (["AT_RECURSIVE"] as const) : [];
    return [
      {
        call: "open_tree",
        dirfd: AT_FDCWD,
        pathname: mount.source ?? "",
        flags: ["OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC", ...rec],
        why: "hold the host's tree while its path can still be seen: a mount that is nowhere yet",
        store: mount.destination,
      },
      {
        call: "mount_setattr",
        dirfd: { stored: mount.destination },
        pathname: "",
        flags: ["AT_EMPTY_PATH", ...rec],
        attr: {
          set: attrs,
          clr: [],
          propagation: propagation.length ? propagation : ["MS_PRIVATE"],
        },
        size: 32,
        why: attrs.includes("MOUNT_ATTR_RDONLY")
          ? "read-only before anybody can see it, and all mounts below it too"
          : "its mounts are the container's own affair",
      },
      ...(idmapped ? [planIdmap(mount.destination, recursive)] : []),
    ];
  });
}

/** After pivot_root, in the order of the specification: later mounts may lie on earlier ones. */
export function planPlaces(spec: RuntimeSpec, files: ReadonlySet<string>): Step[] {
  return spec.mounts
    .filter((m) => !isKernelMount(m))
    .flatMap((mount): Step[] => {
      if (!isBind(mount))
        return [...planDirectories(mount.destination), planFileSystem(mount, mount.destination)];
      const optional = mount.options?.includes("nofail") ? (["ENOENT"] as const) : [];
      return [
        ...planTarget(mount, files.has(mount.source ?? "")),
        {
          call: "move_mount",
          from_dirfd: { stored: mount.destination },
          from_pathname: "",
          to_dirfd: AT_FDCWD,
          to_pathname: mount.destination,
          flags: ["MOVE_MOUNT_F_EMPTY_PATH", "MOVE_MOUNT_T_SYMLINKS"],
          why: "put the held tree in its place; a link here cannot lead further than the container's own root",
          ignore: optional,
        },
      ];
    });
}

function planTarget({ destination, options }: Mount, isFile: boolean): Step[] {
  if (!isFile) return planDirectories(destination);
  return [
    ...planDirectories(destination.slice(0, destination.lastIndexOf("/"))),
    {
      call: "openat",
      dirfd: AT_FDCWD,
      pathname: destination,
      flags: ["O_CREAT", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"],
      mode: 0o644,
      why: "a file can only be mounted on a file",
      ignore: options?.includes("nofail") ? ["ENOENT", "EROFS"] : ["EROFS"],
    },
  ];
}

/** mkdir -p, one component a step; on a read-only root file system the place has to be there already. */
export function planDirectories(path: string): Step[] {
  const parts = path.split("/").filter(Boolean);
  return parts.map((_, i) => ({
    call: "mkdirat",
    dirfd: AT_FDCWD,
    pathname: `/${parts.slice(0, i + 1).join("/")}`,
    mode: 0o755,
    why: "make the place where it is missing",
    ignore: ["EEXIST", "EROFS"],
  }));
}
