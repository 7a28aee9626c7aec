import { deviceNumber } from "../abi/device-number.ts";
import type { Device, RuntimeSpec } from "../oci/runtime-spec.ts";
import type { Step } from "./step.ts";
import { containerDevices, hasUserNamespace } from "./user-namespace.ts";
import { AT_FDCWD } from "./values.ts";

/** config-linux.md, "Default Symlinks": programs expect them. */
const links = {
  "dev/fd": "/proc/self/fd",
  "dev/stdin": "/proc/self/fd/0",
  "dev/stdout": "/proc/self/fd/1",
  "dev/stderr": "/proc/self/fd/2",
  "dev/ptmx": "pts/ptmx",
} as const;

const fileTypes = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 } as const;

/** Device nodes and links of /dev, which is an empty tmpfs when these steps run. */
export function planDevices(spec: RuntimeSpec): Step[] {
  const nodes = containerDevices(spec);
  return [
    { call: "umask", mask: 0, why: "no mask: the modes that follow are meant as they are" },
    ...planParents(nodes),
    ...nodes.flatMap(hasUserNamespace(spec) ? planBoundNode : planNode),
    ...Object.entries(links).map(([linkpath, target]): Step => ({
      call: "symlinkat",
      target,
      newdirfd: AT_FDCWD,
      linkpath,
      why: "links that programs expect",
    })),
    {
      call: "umask",
      mask: 0o022,
      why: "back to the usual mask: others may read new files, only their owner may write them",
    },
  ];
}

/** /dev is the container's own and empty: no link can lie in the way. */
function planParents(nodes: readonly Device[]): Step[] {
  const parents = nodes.flatMap(({ path }) => {
    const parts = path.split("/").slice(1, -1);
    return parts.slice(1).map((_, i) => parts.slice(0, i + 2).join("/"));
  });
  return [...new Set(parents)].map((pathname) => ({
    call: "mkdirat",
    dirfd: AT_FDCWD,
    pathname,
    mode: 0o755,
    why: "a directory that devices lie in",
  }));
}

function planNode(device: Device): Step[] {
  const pathname = device.path.slice(1);
  const why = "the devices that every program may use, and no other of the host's";
  const steps: Step[] = [
    {
      call: "mknodat",
      dirfd: AT_FDCWD,
      pathname,
      mode: fileTypes[device.type] | (device.fileMode ?? 0o666),
      dev: deviceNumber(device.major ?? 0, device.minor ?? 0) ?? 0,
      why,
    },
  ];
  if (device.uid || device.gid) {
    const owner = device.uid ?? 0;
    const group = device.gid ?? 0;
    steps.push({ call: "fchownat", dirfd: AT_FDCWD, pathname, owner, group, flags: 0, why });
  }
  return steps;
}

/** In a user namespace: the host's own node, which the monitor holds. */
function planBoundNode({ path }: Device): Step[] {
  const why = "the devices that every program may use, and no other of the host's";
  const pathname = path.slice(1);
  return [
    {
      call: "openat",
      dirfd: AT_FDCWD,
      pathname,
      flags: ["O_CREAT", "O_EXCL", "O_CLOEXEC"],
      mode: 0o666,
      why: "a file to mount a device on",
    },
    {
      call: "move_mount",
      from_dirfd: { stored: `device ${path}` },
      from_pathname: "",
      to_dirfd: AT_FDCWD,
      to_pathname: pathname,
      flags: ["MOVE_MOUNT_F_EMPTY_PATH"],
      why,
    },
  ];
}
