import { invalid } from "../abi/error.ts";
import { overlayOf, type Overlay } from "../oci/annotations.ts";
import { overlayPaths } from "../oci/overlay.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { HostStep } from "./host-step.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD } from "./values.ts";

/** Separators of the option string have to be escaped; a path is otherwise taken as it is. */
const escape = (path: string): string => path.replace(/[\\:,]/g, "\\$&");

/** The engine's part: directories on the host, unless the container brings a tmpfs for them. `again`: they may be there. */
export function planScratch(spec: RuntimeSpec, again: boolean): HostStep[] {
  const overlay = overlayOf(spec);
  if (!overlay) return [];
  const why = "a place for what this container writes, removed at its end";
  const paths = overlay.inMemory ? [] : Object.values(overlayPaths(overlay.scratch));
  const ignore = again ? { ignore: ["EEXIST"] } : {};
  return [overlay.scratch, ...paths].map((path) => ({
    call: "mkdir",
    path,
    mode: 0o755,
    why,
    ...ignore,
  }));
}

/** PID 1's part: a mount tree of its own, with the container's root file system in it, as working directory. */
export function planRootfs(spec: RuntimeSpec): Step[] {
  const overlay = overlayOf(spec);
  return [planPrivate, ...(overlay ? planOverlay(overlay) : planBoundRoot(spec.root.path))];
}

/** mount_namespaces(7), "Shared subtrees". */
export const planPrivate: Step = {
  call: "mount",
  source: null,
  target: "/",
  filesystemtype: null,
  mountflags: ["MS_REC", "MS_PRIVATE"],
  data: null,
  why: "the new mount namespace is a copy whose mounts still tell the host's about changes: stop that",
};

const planOverlay = (overlay: Overlay): Step[] => [
  ...planMemory(overlay),
  ...planBesides(overlay),
  planOverlayMount(overlay),
  planStand(overlay.scratch),
];

/** Where an overlay cannot have its upper directory on the disk: a tmpfs that only the container sees. */
export function planMemory({ scratch, inMemory }: Overlay): Step[] {
  if (!inMemory) return [];
  return [
    {
      call: "mount",
      source: "tmpfs",
      target: scratch,
      filesystemtype: "tmpfs",
      mountflags: [],
      data: "mode=755",
      why: "what the container writes stays in memory: an overlay cannot have its upper directory here",
    },
    ...Object.values(overlayPaths(scratch)).map((pathname): Step => ({
      call: "mkdirat",
      dirfd: AT_FDCWD,
      pathname,
      mode: 0o755,
      why: "overlayfs wants an upper and a work directory on one file system",
    })),
  ];
}

/** mount(2) takes a page of options, its NUL counted. */
const MOST_OPTIONS = 4095;

/** Many layers lie side by side: their names alone fit where their paths would not. */
function commonParent(layers: readonly string[]): string | undefined {
  const [parent, ...others] = new Set(layers.map((path) => path.slice(0, path.lastIndexOf("/"))));
  return layers.length > 1 && others.length === 0 ? parent : undefined;
}

/** From the directory where {@link planBesides} stands. */
export function planOverlayMount({ layers, scratch }: Overlay): Step {
  const paths = overlayPaths(scratch);
  const parent = commonParent(layers);
  const lower = parent ? layers.map((layer) => layer.slice(parent.length + 1)) : layers;
  const data = [
    `lowerdir=${lower.map(escape).join(":")}`,
    `upperdir=${escape(paths.upper)}`,
    `workdir=${escape(paths.work)}`,
  ].join(",");
  if (data.length > MOST_OPTIONS)
    throw invalid(
      `the image has ${layers.length} layers, more than fit into the options of one mount`,
      "make one of several: build it with fewer instructions, or export and import it",
    );
  return {
    call: "mount",
    source: "overlay",
    target: paths.merged,
    filesystemtype: "overlay",
    mountflags: [],
    data,
    why: "the image below, read-only and shared by all; above it a layer that only this container writes",
  };
}

/** Where the layers' names in the options of the mount begin. */
export function planBesides({ layers }: Overlay): Step[] {
  const parent = commonParent(layers);
  if (!parent) return [];
  return [
    {
      call: "chdir",
      path: parent,
      why: "stand where the image's layers are: all their names have to fit into the 4096 bytes of the mount's options",
    },
  ];
}

export const planStand = (scratch: string): Step => ({
  call: "chdir",
  path: overlayPaths(scratch).merged,
  why: "stand in the new root: paths without a leading slash now start there",
});

function planBoundRoot(path: string): Step[] {
  const why = "pivot_root wants a mount point: mount the directory onto itself";
  return [
    {
      call: "mount",
      source: path,
      target: path,
      filesystemtype: null,
      mountflags: ["MS_BIND", "MS_REC"],
      data: null,
      why,
    },
    { call: "chdir", path, why: "stand in the new root" },
  ];
}

/** The moment after which there is no way back to the host's files. */
export const planPivot = (): Step[] => [
  {
    call: "pivot_root",
    new_root: ".",
    put_old: ".",
    why: "swap the root mounts: “.” becomes /, the host's / comes to lie on top of it (pivot_root(2), NOTES)",
  },
  {
    call: "umount2",
    target: ".",
    flags: ["MNT_DETACH"],
    why: "take the host's tree off: no path leads there any more, which chroot(2) could not promise",
  },
  { call: "chdir", path: "/", why: "the working directory was in the old tree" },
];

/** `--read-only`: after everything that had to be written is written. */
export function planReadonlyRoot(spec: RuntimeSpec): Step[] {
  if (!spec.root.readonly) return [];
  return [
    {
      call: "mount",
      source: null,
      target: "/",
      filesystemtype: null,
      mountflags: ["MS_REMOUNT", "MS_BIND", "MS_RDONLY"],
      data: null,
      why: "nothing below / can be written, except in mounts of their own",
    },
  ];
}
