import type { CloneFlag } from "../abi/sched.ts";
import { overlayOf, type Overlay } from "../oci/annotations.ts";
import type { Device, IdMapping, RuntimeSpec } from "../oci/runtime-spec.ts";
import { defaultDevices } from "../security/devices.ts";
import type { HostStep } from "./host-step.ts";
import { isNew, namespaceFlags } from "./namespaces.ts";
import { overlayPaths } from "../oci/overlay.ts";
import { planBesides, planMemory, planOverlayMount, planPrivate, planStand } from "./rootfs.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD } from "./values.ts";

/*
 * A container with a user namespace of its own: its root is nobody on the host. Three things follow for the birth.
 *
 *   1. PID 1 is born in the namespace, with all others, which then belong to it (clone(2) with CLONE_NEWUSER). The monitor
 *      stays outside: what is in it may be signalled and traced by the container's root, and could not come back.
 *   2. What takes the host's powers the monitor does, before the fork: idmapped mounts, holds on volumes and devices. They
 *      need a namespace with the same mapping, which the step "userns" makes.
 *   3. The engine writes PID 1's mapping from outside, while it waits.
 */

const namespace = "user namespace";
const root = "root file system";

export const hasUserNamespace = (spec: RuntimeSpec): boolean => isNew(spec, "user");

/** The kinds of namespace that PID 1 is born in: all that are new, but the cgroup's, which comes when it is in its group. */
export const birthNamespaces = (spec: RuntimeSpec): CloneFlag[] =>
  namespaceFlags(spec).filter((flag) => flag !== "CLONE_NEWCGROUP");

/** /proc/PID/uid_map, a line for each range: first number inside, first outside, how many (user_namespaces(7)). */
export const mapText = (mappings: readonly IdMapping[] = []): string =>
  mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}`).join("\n");

/** The engine's part, first of all while PID 1 waits: a process may not choose its own numbers on the host. */
export const planMaps = ({ linux }: RuntimeSpec): HostStep[] =>
  (
    [
      ["uid_map", linux.uidMappings],
      ["gid_map", linux.gidMappings],
    ] as const
  ).map(([map, mappings]) => ({
    call: "write",
    path: `/proc/$PID/${map}`,
    text: mapText(mappings),
    why: "whose numbers on the host stand for those inside; it can be written once, and by the host's root",
  }));

/** Whom the host sees in the container's root. */
export const hostRoot = ({ linux }: RuntimeSpec): { uid: number; gid: number } => ({
  uid: linux.uidMappings?.find(({ containerID }) => containerID === 0)?.hostID ?? 0,
  gid: linux.gidMappings?.find(({ containerID }) => containerID === 0)?.hostID ?? 0,
});

/** The monitor's part, in a mount namespace of its own: the root file system, and the devices, which nobody inside can make. */
export function planUserNamespace(spec: RuntimeSpec): Step[] {
  const overlay = overlayOf(spec);
  return [
    {
      call: "userns",
      uid_map: mapText(spec.linux.uidMappings),
      gid_map: mapText(spec.linux.gidMappings),
      why: "a user namespace with the container's mapping, for the mounts that are to show files as its users'",
      store: namespace,
    },
    ...(overlay ? planIdmappedOverlay(overlay, hostRoot(spec)) : planIdmappedRoot(spec.root.path)),
    ...containerDevices(spec).map(({ path }): Step => ({
      call: "open_tree",
      dirfd: AT_FDCWD,
      pathname: path,
      flags: ["OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC"],
      why: "hold the host's device: a node that is made in a user namespace cannot be opened",
      store: `device ${path}`,
    })),
  ];
}

/** One that is asked for takes the place of the usual one of its name. */
export function containerDevices({ linux: { devices = [] } }: RuntimeSpec): Device[] {
  const taken = new Set(devices.map(({ path }) => path));
  return [...defaultDevices.filter(({ path }) => !taken.has(path)), ...devices];
}

/** Ownership through the mapping: what is root's on the disk is the container's root's. For a tree that is held. */
export const planIdmap = (store: string, recursive: boolean): Step => ({
  call: "mount_setattr",
  dirfd: { stored: store },
  pathname: "",
  flags: ["AT_EMPTY_PATH", ...(recursive ? (["AT_RECURSIVE"] as const) : [])],
  attr: {
    set: ["MOUNT_ATTR_IDMAP"],
    clr: [],
    propagation: ["MS_PRIVATE"],
    userns_fd: { stored: namespace },
  },
  size: 32,
  why: "owners by the container's numbers: what is root's on the disk is its root's in this mount",
});

/** A directory, replaced in this mount namespace by a view of itself with other owners. */
const planIdmapInPlace = (pathname: string): Step[] => [
  {
    call: "open_tree",
    dirfd: AT_FDCWD,
    pathname,
    flags: ["OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC"],
    why: "a mount of its own for this directory, to give it other owners",
    store: pathname,
  },
  planIdmap(pathname, false),
  {
    call: "move_mount",
    from_dirfd: { stored: pathname },
    from_pathname: "",
    to_dirfd: AT_FDCWD,
    to_pathname: pathname,
    flags: ["MOVE_MOUNT_F_EMPTY_PATH"],
    why: "over the directory itself, in this namespace only: the path now shows the container's owners",
  },
];

/**
 * The overlay over idmapped layers (Linux 5.19): files lie on the disk with the numbers that they have inside, so that
 * another container, with another range, finds them as they are. What overlayfs itself makes (its work directory's files)
 * it makes as whoever mounts it; host root's number is not in the mapping, so the mount is made as the container's root,
 * by the file system uid alone and with all of the host root's capabilities (setfsuid(2), capabilities(7)).
 */
function planIdmappedOverlay(overlay: Overlay, { uid, gid }: { uid: number; gid: number }): Step[] {
  const { layers, scratch, inMemory } = overlay;
  const why =
    "what overlayfs makes for itself is then the container's root's, whose number the mapping has";
  const asRoot = (fsuid: number, fsgid: number): Step[] => [
    { call: "setfsgid", fsgid, why },
    { call: "setfsuid", fsuid, why },
  ];
  const fixup = (arg2: "SECBIT_NO_SETUID_FIXUP" | 0): Step => ({
    call: "prctl",
    option: "PR_SET_SECUREBITS",
    arg2,
    arg3: 0,
    arg4: 0,
    arg5: 0,
    why: arg2
      ? "keep the capabilities for files while the file system uid is another's (capabilities(7))"
      : "back to what root usually is",
  });
  return [
    ...planMemory(overlay),
    ...(inMemory ? [planUpperOwner(overlayPaths(scratch).upper, uid, gid)] : []),
    ...[...layers, ...(inMemory ? [] : [scratch])].flatMap(planIdmapInPlace),
    fixup("SECBIT_NO_SETUID_FIXUP"),
    ...planBesides(overlay),
    ...asRoot(uid, gid),
    planOverlayMount(overlay),
    ...asRoot(0, 0),
    fixup(0),
    planStand(scratch),
    {
      call: "open_tree",
      dirfd: AT_FDCWD,
      pathname: ".",
      flags: ["OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC"],
      why: "hold it: PID 1 cannot move what its mount namespace has from this one",
      store: root,
    },
  ];
}

/** A tmpfs takes no mapping before Linux 6.3, and nothing of it outlives the container. */
const planUpperOwner = (pathname: string, owner: number, group: number): Step => ({
  call: "fchownat",
  dirfd: AT_FDCWD,
  pathname,
  owner,
  group,
  flags: 0,
  why: "the root directory is the container's root's",
});

function planIdmappedRoot(pathname: string): Step[] {
  return [
    {
      call: "open_tree",
      dirfd: AT_FDCWD,
      pathname,
      flags: ["OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC", "AT_RECURSIVE"],
      why: "hold the directory that is going to be the root",
      store: root,
    },
    planIdmap(root, true),
    { call: "chdir", path: pathname, why: "stand there" },
  ];
}

/** First of all, as its files and terminals would be nobody's: for PID 1 and for whoever joins it. */
export const planOwnRoot = (spec: RuntimeSpec): Step[] =>
  hasUserNamespace(spec)
    ? [
        { call: "setresgid", rgid: 0, egid: 0, sgid: 0, why: becomeRoot },
        { call: "setresuid", ruid: 0, euid: 0, suid: 0, why: becomeRoot },
      ]
    : [];

const becomeRoot = "become root of the user namespace, in which this process is still nobody";

/** PID 1's part, in place of the overlay. */
export const planOwnedRoot = (): Step[] => [
  planPrivate,
  {
    call: "move_mount",
    from_dirfd: { stored: root },
    from_pathname: "",
    to_dirfd: AT_FDCWD,
    to_pathname: ".",
    flags: ["MOVE_MOUNT_F_EMPTY_PATH"],
    why: "the root file system, as a mount of this namespace's own: what came with the copy is locked there",
  },
  {
    call: "fchdir",
    fd: { stored: root },
    why: "stand in the new root: paths without a leading slash now start there",
  },
];
