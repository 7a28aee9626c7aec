/**
 * The OCI runtime specification's config.json (v1.2), the part that kontener reads and writes.
 * Names, defaults and meaning are the specification's: config.md and config-linux.md.
 */
export type RuntimeSpec = {
  ociVersion: string;
  hostname?: string;
  domainname?: string;
  root: { path: string; readonly?: boolean };
  process: Process;
  mounts: Mount[];
  linux: Linux;
  annotations?: Record<string, string>;
};

export type Process = {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: CapabilitySets;
  rlimits?: { type: string; soft: number; hard: number }[];
  noNewPrivileges?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
};

export type CapabilitySets = {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable: string[];
  ambient: string[];
};

/** `options` are mount(8)'s: flags ("ro", "nosuid") and the file system's own ("size=64m"). */
export type Mount = { destination: string; type?: string; source?: string; options?: string[] };

export type NamespaceType =
  "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup" | "time";

export type Linux = {
  /** A type that is not listed is the engine's own, so shared; one with `path` is joined. */
  namespaces: { type: NamespaceType; path?: string }[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
  devices?: Device[];
  cgroupsPath?: string;
  resources?: Resources;
  seccomp?: Seccomp;
  sysctl?: Record<string, string>;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  mountLabel?: string;
  rootfsPropagation?: "private" | "shared" | "slave" | "unbindable";
};

export type IdMapping = { containerID: number; hostID: number; size: number };

export type Device = {
  type: "c" | "b" | "u" | "p";
  path: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
};

/** Bytes for memory (-1 is unlimited; `swap` counts memory too, as in cgroup v1), microseconds for cpu. */
export type Resources = {
  memory?: { limit?: number; swap?: number; reservation?: number };
  cpu?: { shares?: number; quota?: number; period?: number; cpus?: string; mems?: string };
  pids?: { limit: number };
  devices?: DeviceRule[];
};

export type DeviceRule = {
  allow: boolean;
  type?: "a" | "c" | "b";
  major?: number;
  minor?: number;
  access?: string;
};

export type Seccomp = {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  syscalls?: SeccompRule[];
};

export type SeccompRule = {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[];
};
