import type { DeviceCgroupRule, DeviceOption } from "./device.ts";
import type { HealthOptions } from "./health.ts";
import type { PortOption } from "./publish.ts";

/**
 * What a user asks for: the one shape that flags and the TypeScript API are turned into. Names are docker's flags in
 * camel case. Everything but `image` has a default, filled in by `src/oci`.
 */
export type ContainerOptions = {
  image: string;
  /** A directory used as root file system instead of an image (`--rootfs DIR`): written to in place. */
  rootfs?: string;
  command?: string[];
  entrypoint?: string[];
  name?: string;
  hostname?: string;
  /** The NIS domain name: domainname(1). */
  domainname?: string;
  /** Bytes; "unlimited" lifts the limit. Default 100 MiB. */
  memory?: number | "unlimited";
  /** Bytes of memory and swap together; "unlimited" lifts it. Default: as much as `memory`, so no swap. */
  memorySwap?: number | "unlimited";
  /** Bytes that it keeps when the host runs short, if others can give. */
  memoryReservation?: number;
  /** A weight for when processors are busy, from 2 to 262144; 1024 is that of an ordinary group. */
  cpuShares?: number;
  /** The processors and the memory nodes that it may use: `0-2,5`. */
  cpusetCpus?: string;
  cpusetMems?: string;
  /** How soon it is killed when memory runs out: from -1000, never, to 1000. */
  oomScoreAdj?: number;
  /** Processors, 0.5 is half of one. */
  cpus?: number;
  pidsLimit?: number | "unlimited";
  env?: Record<string, string>;
  workdir?: string;
  /** `name|uid[:group|gid]` */
  user?: string;
  mounts?: MountOption[];
  readOnly?: boolean;
  /**
   * `"bridge"` (the default), `"none"`, `"host"`, `"container:NAME"` (that container's network as a whole), or networks of
   * `kontener network create`, one or several.
   */
  network?: string | string[];
  /** The address that it shall have on the first of its networks. */
  ip?: string;
  /** Further names for its neighbours on networks of the user's. */
  networkAliases?: string[];
  /** Ports that are reached at the host's. */
  publish?: PortOption[];
  /** Each port that the image exposes is reached at a free one of the host's. */
  publishAll?: boolean;
  /** On the bridge, but out of reach of the other containers there. */
  isolated?: boolean;
  dns?: string[];
  /** `host:ip` pairs for /etc/hosts; the address may be `host-gateway`. */
  addHosts?: { host: string; address: string }[];
  pid?: "private" | "host";
  uts?: "private" | "host";
  ipc?: "private" | "host";
  cgroupns?: "private" | "host";
  /**
   * Who root inside is on the host: root ("host"), or nobody, by a user namespace: numbers of a range of this container's
   * own ("auto"), or of the given one. Default "host".
   */
  userns?: "host" | "auto" | IdRange;
  interactive?: boolean;
  tty?: boolean;
  ulimits?: { name: string; soft: number; hard: number }[];
  sysctls?: Record<string, string>;
  init?: boolean;
  /** Keep the container's writable layer when it ends. */
  keep?: boolean;
  /** Devices of the host's. */
  devices?: DeviceOption[];
  /** What it may open besides, whoever made the node: rules of the device cgroup. */
  deviceCgroupRules?: DeviceCgroupRule[];
  /** Further groups of the command's user: names of the image's, or numbers. */
  groupAdd?: string[];
  /** Bytes of /dev/shm. Default 64 MiB. */
  shmSize?: number;
  capAdd?: string[];
  capDrop?: string[];
  privileged?: boolean;
  securityOpts?: string[];
  labels?: Record<string, string>;
  /** How it is found out whether it is well, besides what the image says; "none": not at all. */
  health?: HealthOptions | "none";
  /** What asks it to end: a name of signal(7). Default: the image's, or SIGTERM. */
  stopSignal?: string;
  /** Seconds that it has to end in before it is killed; a negative number is for ever. Default 10. */
  stopTimeout?: number;
};

export type MountOption =
  | { type: "bind"; source: string; target: string; readOnly: boolean; recursive: boolean }
  | { type: "tmpfs"; target: string; options: string[] }
  | {
      type: "volume";
      /** Without one the volume is the container's own, and goes with it. */
      name?: string;
      target: string;
      readOnly: boolean;
      /** Leave a new volume empty, whatever the image has in its place. */
      noCopy?: boolean;
    };

/** User and group numbers of the host, `start` standing for 0 inside. */
export type IdRange = { start: number; size: number };
