/**
 * File systems that let a mount show other owners (mount_setattr(2), MOUNT_ATTR_IDMAP), by the type that statfs(2) gives,
 * with the kernel that began it. Those that are not here take none as of Linux 6.18: an overlay, nfs, 9p, zfs.
 */
const idmapping: ReadonlyMap<number, readonly [name: string, major: number, minor: number]> =
  new Map([
    [0xef53, ["ext4", 5, 12]],
    [0x58465342, ["xfs", 5, 12]],
    [0x9123683e, ["btrfs", 5, 15]],
    [0xf2f52010, ["f2fs", 5, 18]],
    [0x01021994, ["tmpfs", 6, 3]],
  ]);

/** overlayfs takes such mounts as layers since. */
const LAYERS = [5, 19] as const;

type Kernel = readonly [major: number, minor: number];
const isOlder = ([major, minor]: Kernel, [a, b]: Kernel): boolean =>
  major < a || (major === a && minor < b);

/**
 * Why the layers of an image that lies on a file system of this type cannot be shown with the owners of a container's user
 * namespace; undefined where they can.
 */
export function noIdmapping(type: number, kernel: Kernel): string | undefined {
  if (isOlder(kernel, LAYERS))
    return `overlayfs takes mapped layers since Linux ${LAYERS.join(".")}`;
  const known = idmapping.get(type);
  if (known === undefined) return `its file system (type 0x${type.toString(16)}) takes no mapping`;
  const [name, ...since] = known;
  return isOlder(kernel, since)
    ? `${name} takes a mapping since Linux ${since.join(".")}`
    : undefined;
}
