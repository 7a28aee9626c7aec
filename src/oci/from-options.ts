import type { ImageConfig } from "../image/image.ts";
import type { ContainerOptions, IdRange } from "../spec/options.ts";
import { annotations } from "./annotations.ts";
import { commandOf } from "./command.ts";
import { namedMounts } from "./volumes.ts";
import { etcMounts, hostSysfs, kernelMounts, optionMount } from "./mounts.ts";
import { resources } from "./resources.ts";
import type {
  CapabilitySets,
  Device,
  DeviceRule,
  Linux,
  Mount,
  NamespaceType,
  RuntimeSpec,
  Seccomp,
} from "./runtime-spec.ts";
import type { User } from "./user.ts";

/** What the options alone do not say, found out by the engine. */
export type SpecFacts = {
  id: string;
  hostname: string;
  user: User;
  image: { layers: string[]; mounts: Mount[]; config: ImageConfig };
  /** Absolute directory for the overlay; `inMemory`: a tmpfs only the container sees. */
  scratch: { path: string; inMemory: boolean };
  /** Absolute directory in which volumes are. */
  volumes: string;
  /** Absolute directory that holds hosts, hostname and resolv.conf. */
  etc: string;
  capabilities: CapabilitySets;
  noNewPrivileges: boolean;
  apparmor?: string | undefined;
  seccomp: Seccomp | undefined;
  /** The device cgroup's rules. */
  devices: DeviceRule[];
  /** The nodes of `--device`. */
  nodes: Device[];
  maskedPaths: string[];
  readonlyPaths: string[];
  cgroupMounts: Mount[];
  /** `--network container:NAME`: its network namespace, and the directory of its hosts and resolv.conf. */
  joined?: { netns: string; etc: string } | undefined;
  /** The users of the host that the container's are; undefined: no user namespace. */
  idRange: IdRange | undefined;
};

const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** From what a user asks for to the OCI runtime specification that everything after reads. Pure. */
export function specFromOptions(options: ContainerOptions, facts: SpecFacts): RuntimeSpec {
  const { image, user, scratch } = facts;
  const config = image.config;
  const overlay = options.rootfs === undefined;
  const stopSignal = options.stopSignal ?? config.StopSignal;
  return {
    ociVersion: "1.2.0",
    ...(options.uts === "host" ? {} : { hostname: facts.hostname }),
    ...(options.domainname === undefined ? {} : { domainname: options.domainname }),
    root: { path: options.rootfs ?? `${scratch.path}/merged`, readonly: options.readOnly ?? false },
    process: {
      terminal: options.tty ?? false,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids, umask: 0o022 },
      args: commandOf(options, config),
      env: environment(options, facts),
      cwd: options.workdir ?? (config.WorkingDir || "/"),
      capabilities: facts.capabilities,
      rlimits: (options.ulimits ?? []).map(({ name, soft, hard }) => ({
        type: `RLIMIT_${name.toUpperCase()}`,
        soft,
        hard,
      })),
      ...(options.oomScoreAdj === undefined ? {} : { oomScoreAdj: options.oomScoreAdj }),
      noNewPrivileges: facts.noNewPrivileges,
      ...(facts.apparmor === undefined ? {} : { apparmorProfile: facts.apparmor }),
    },
    mounts: [
      ...kernelMounts(options.shmSize).map((m) =>
        m.destination === "/sys" && options.network === "host" ? hostSysfs : m,
      ),
      ...facts.cgroupMounts,
      ...image.mounts,
      ...etcMounts(facts.etc, facts.joined?.etc),
      ...namedMounts(options, image.config, facts.id).map((mount) =>
        optionMount(mount, facts.volumes, facts.idRange !== undefined),
      ),
    ],
    linux: {
      namespaces: namespaces(options, facts.idRange).map((type) =>
        type === "network" && facts.joined ? { type, path: facts.joined.netns } : { type },
      ),
      ...mappings(facts.idRange),
      ...(facts.nodes.length ? { devices: facts.nodes } : {}),
      cgroupsPath: `/kontener/${facts.id}`,
      resources: resources(options, facts.devices),
      ...(facts.seccomp ? { seccomp: facts.seccomp } : {}),
      ...(options.sysctls ? { sysctl: options.sysctls } : {}),
      maskedPaths: facts.maskedPaths,
      readonlyPaths: facts.readonlyPaths,
    },
    annotations: {
      ...(overlay
        ? {
            [annotations.layers]: JSON.stringify(image.layers),
            [annotations.scratch]: scratch.path,
            [annotations.scratchType]: scratch.inMemory ? "memory" : "disk",
          }
        : {}),
      ...(options.init ? { [annotations.init]: "true" } : {}),
      ...(stopSignal ? { [annotations.stopSignal]: stopSignal } : {}),
      ...options.labels,
    },
  };
}

/** The namespaces that are the container's own: all but those that an option shares with the host. */
function namespaces(options: ContainerOptions, range: IdRange | undefined): NamespaceType[] {
  const shared = {
    pid: options.pid === "host",
    network: options.network === "host",
    ipc: options.ipc === "host",
    uts: options.uts === "host",
    cgroup: options.cgroupns === "host",
  };
  const all: NamespaceType[] = ["mount", "uts", "ipc", "pid", "network", "cgroup"];
  const own = all.filter((type) => !shared[type as keyof typeof shared]);
  return range ? ["user", ...own] : own;
}

/** Users and groups alike. */
function mappings(range: IdRange | undefined): Pick<Linux, "uidMappings" | "gidMappings"> {
  if (!range) return {};
  const mapping = { containerID: 0, hostID: range.start, size: range.size };
  return { uidMappings: [mapping], gidMappings: [mapping] };
}

/** Later entries win: PATH, the image's, what the terminal needs, the user's. */
function environment(options: ContainerOptions, { image, user, hostname }: SpecFacts): string[] {
  const merged = new Map<string, string>();
  const set = (entry: string) => merged.set(entry.slice(0, entry.indexOf("=")), entry);
  set(DEFAULT_PATH);
  set(`HOSTNAME=${hostname}`);
  if (options.tty) set("TERM=xterm");
  set(`HOME=${user.home}`);
  for (const entry of image.config.Env ?? []) set(entry);
  for (const [name, value] of Object.entries(options.env ?? {})) set(`${name}=${value}`);
  return [...merged.values()];
}
