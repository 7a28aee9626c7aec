import { invalid } from "../abi/error.ts";
import { parseDevice } from "../spec/device.ts";
import { parseOptions } from "../spec/options-schema.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { parsePublish, type PortOption } from "../spec/publish.ts";
import { parseTmpfs } from "../spec/tmpfs.ts";
import { parseSizeLimit } from "../spec/values.ts";
import { parseVolume } from "../spec/volume.ts";
import { refuseUnknown } from "./command-options.ts";
import type { ImageOptions } from "./image.ts";
import { parseDuration, type Duration } from "./duration.ts";

/** Docker's flags in camel case that mean the same here. */
type Shared = Omit<
  ContainerOptions,
  | "image"
  | "health"
  | "publish"
  | "devices"
  | "shmSize"
  | "memoryReservation"
  | "rootfs"
  | "command"
  | "entrypoint"
  | "memory"
  | "memorySwap"
  | "workdir"
  | "interactive"
  | "tty"
  | "keep"
>;

/**
 * What a box is like: docker's flags in camel case. Everything has a default; what is not known is an error.
 *
 * ```ts
 * import { container } from "kontener";
 *
 * await using box = await container("busybox", {
 *   memory: "64M",
 *   cpus: 0.5,
 *   pidsLimit: 32,
 *   network: "none",
 *   tmpfs: ["/scratch:size=16m"],
 *   env: { LANG: "C" },
 *   timeout: "1m",
 * });
 * console.log(await box.$`cat /sys/fs/cgroup/memory.max`.nothrow().text());
 * ```
 */
export type BoxOptions = Shared &
  ImageOptions & {
    /** Bytes, or with a unit: `"256M"`; `"unlimited"`. Default 100 MiB. */
    memory?: number | string;
    /** Memory and swap together. Default: as much as `memory`, so no swap. */
    memorySwap?: number | string;
    /** Working directory; absolute, made where it is missing. Default: the image's. */
    cwd?: string;
    /** `"host-dir:/dir[:ro]"`, as docker's -v; a relative source starts at this process's working directory. */
    volumes?: string[];
    /** `"/dev/fuse[:/dev/name][:rwm]"`, as docker's --device. */
    devices?: string[];
    /** Bytes of /dev/shm, or with a unit. Default 64 MiB. */
    shmSize?: number | string;
    /** Memory that it keeps when the host runs short: bytes, or with a unit. */
    memoryReservation?: number | string;
    /** `"[address:][port:]port[/udp]"`, as docker's -p: `["8080:80", 443]`; without the host's port a free one: {@link Box.port}. */
    publish?: (string | number)[];
    /** `"/dir[:size=16m,…]"`, as docker's --tmpfs. */
    tmpfs?: string[];
    /** Ends the box, with all that runs in it, after this time, in which a pull does not count. Default: none. */
    timeout?: Duration;
    /** Ends the box, with all that runs in it, when it is aborted; a pull as well. */
    signal?: AbortSignal;
    /**
     * It outlives this process, and stays until somebody removes it: {@link Box.close}, or `kontener rm`. `container.get(name)`
     * finds it again. Without `timeout` and `signal`: nobody would be there for them. Default false.
     */
    detach?: boolean;
  };

/** The type is not there at run time: this is its list of names. One too many or too few is a type error. */
const known = {
  name: true,
  hostname: true,
  domainname: true,
  oomScoreAdj: true,
  memory: true,
  memorySwap: true,
  cpus: true,
  pidsLimit: true,
  env: true,
  user: true,
  mounts: true,
  readOnly: true,
  network: true,
  ip: true,
  networkAliases: true,
  publish: true,
  publishAll: true,
  isolated: true,
  dns: true,
  addHosts: true,
  pid: true,
  uts: true,
  ipc: true,
  cgroupns: true,
  userns: true,
  ulimits: true,
  sysctls: true,
  init: true,
  memoryReservation: true,
  cpuShares: true,
  cpusetCpus: true,
  cpusetMems: true,
  devices: true,
  deviceCgroupRules: true,
  groupAdd: true,
  shmSize: true,
  capAdd: true,
  capDrop: true,
  privileged: true,
  securityOpts: true,
  labels: true,
  stopSignal: true,
  stopTimeout: true,
  cwd: true,
  volumes: true,
  tmpfs: true,
  pull: true,
  platform: true,
  onProgress: true,
  timeout: true,
  signal: true,
  detach: true,
} satisfies Record<keyof BoxOptions, true>;

/**
 * What the engine understands.
 *
 * @throws KontenerError INVALID, one sentence that names the field
 */
export function containerOptions(image: string, options: BoxOptions): ContainerOptions {
  refuseUnknown(options, Object.keys(known));
  const { cwd, volumes = [], tmpfs = [], publish = [], timeout, signal, detach, ...more } = options;
  const { pull = "missing", platform = "", onProgress = () => {}, ...rest } = more;
  if (!["missing", "always", "never"].includes(pull))
    throw invalid('pull: it is not "missing", "always" or "never"');
  if (typeof platform !== "string") throw invalid("platform: it is not a text");
  if (typeof onProgress !== "function") throw invalid("onProgress: it is not a function");
  if (timeout !== undefined) parseDuration("timeout", timeout);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid("signal: it is not an AbortSignal");
  if (detach !== undefined && typeof detach !== "boolean")
    throw invalid("detach: it is not true or false");
  if (detach && (timeout ?? signal) !== undefined)
    throw invalid(
      `${timeout === undefined ? "signal" : "timeout"}: a detached box outlives the process that would end it`,
      "leave out one of the two",
    );
  const {
    memory,
    memorySwap,
    memoryReservation,
    shmSize,
    devices = [],
    mounts = [],
    ...plain
  } = rest;
  const all = [
    ...mounts,
    ...texts("volumes", volumes).map((text) => parseVolume("volumes", text, process.cwd()).value),
    ...texts("tmpfs", tmpfs).map((text) => parseTmpfs("tmpfs", text)),
  ];
  const published = ports(publish);
  return parseOptions({
    ...plain,
    image,
    ...(memory === undefined ? {} : { memory: size("memory", memory) }),
    ...(memorySwap === undefined ? {} : { memorySwap: size("memorySwap", memorySwap) }),
    ...(memoryReservation === undefined
      ? {}
      : { memoryReservation: size("memoryReservation", memoryReservation) }),
    ...(shmSize === undefined ? {} : { shmSize: size("shmSize", shmSize) }),
    ...(devices.length
      ? { devices: texts("devices", devices).map((text) => parseDevice("devices", text)) }
      : {}),
    ...(cwd === undefined ? {} : { workdir: cwd }),
    ...(all.length ? { mounts: all } : {}),
    ...(published.length ? { publish: published } : {}),
  });
}

/** What {@link imageFor} understands. */
export const imageOptions = ({
  pull,
  platform,
  onProgress,
  signal,
}: BoxOptions): ImageOptions & { signal?: AbortSignal } => ({
  ...(pull === undefined ? {} : { pull }),
  ...(platform === undefined ? {} : { platform }),
  ...(onProgress === undefined ? {} : { onProgress }),
  ...(signal === undefined ? {} : { signal }),
});

const size = (option: string, value: unknown): unknown =>
  typeof value === "string" ? parseSizeLimit(option, value) : value;

function ports(list: unknown): PortOption[] {
  if (!Array.isArray(list)) throw invalid("publish: it is not a list of ports");
  const words = list.map((port: unknown) => (typeof port === "number" ? String(port) : port));
  return texts("publish", words).flatMap((text) => parsePublish("publish", text));
}

function texts(option: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  throw invalid(`${option}: it is not a list of texts`);
}
