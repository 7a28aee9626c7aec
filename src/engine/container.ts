import type { Ended } from "../abi/wait.ts";
import { readLayout } from "../cgroup/host.ts";
import { killCgroup } from "../cgroup/kill.ts";
import { readUsage, type Usage } from "../cgroup/stats.ts";
import type { Image } from "../image/image.ts";
import type { Launched, Stdio } from "../launch/launch.ts";
import { makeDirectories } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { turn } from "../linux/turn.ts";
import { linkName } from "../network/link-name.ts";
import { commandOf } from "../oci/command.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { ownVolumes } from "../oci/volumes.ts";
import type { Host } from "../plan/host.ts";
import { networkMode } from "../spec/network.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { giveBirth, type Observer } from "./birth.ts";
import { ownContainers } from "./gc.ts";
import { chooseIdRange } from "./id-range.ts";
import { newHostname, newId } from "./id.ts";
import type { Cable } from "./network.ts";
import { note } from "./journal.ts";
import { createRecord, type Held, type Record } from "./record.ts";
import { cgroupPath, removeContainer } from "./remove.ts";
import { mark, noteBirth, writeSpec } from "./state.ts";
import { prepareQuickly } from "./stencils.ts";

export type StartRequest = {
  options: ContainerOptions;
  image: Image;
  host: Host;
  paths: Paths;
  executor: "launcher" | "reference";
  observer: Observer;
  stdio: Stdio;
  /** No command of its own: PID 1 sleeps, and others are run in it. */
  idle?: boolean;
  /** The overlay's directories are there, in this one, and it is not mounted yet. */
  prepared?(scratch: string): void | Promise<void>;
  spawned?(monitor: Launched): void;
  /** Signals can be sent to `pid` from now on. */
  signalsTo?(pid: number): void;
  terminal?(pid: number, fd: number): void;
};

/** A container that has been started by this process, and ends with it. */
export type Container = {
  record: Record;
  /** What it was started with. */
  options: ContainerOptions;
  host: Host;
  spec: RuntimeSpec;
  /** PID 1 as the host sees it. */
  pid: number;
  address: string | undefined;
  /** Fulfilled when PID 1 has ended. */
  ended: Promise<Ended>;
  usage(): Partial<Usage>;
  /** Ends every process of the container, at once. */
  kill(): Promise<void>;
  /** Takes away all that is left of it. Idempotent. */
  remove(): Promise<void>;
};

/**
 * Starts a container: record, resources, birth. Fulfilled when its command runs. A start that fails leaves nothing behind;
 * one that succeeds is the caller's to remove.
 */
export async function startContainer(request: StartRequest): Promise<Container> {
  const { paths } = request;
  const record = newRecord(request);
  makeDirectories(`${paths.lib}/containers`, 0o711);
  const held = createRecord(record, paths);
  note(held.directory, record, "create");
  ownContainers.add(record.id);
  await turn();
  try {
    request.observer.recorded?.(record.id);
    return await start(request, held);
  } catch (error) {
    await remove(held, paths);
    throw error;
  }
}

/** What cannot be removed is left to {@link collectGarbage}, once this process has ended. */
async function remove(held: Held, paths: Paths): Promise<void> {
  await removeContainer(held, paths);
  ownContainers.delete(held.record.id);
}

async function start(request: StartRequest, held: Held): Promise<Container> {
  const { options, paths, observer } = request;
  const { record } = held;
  const { id, hostname } = record;
  const cable = record.link === null ? undefined : await plugIn(request, id);
  const scratch = record.scratch ?? "";
  await makeVolumes(request, id);
  const idRange = chooseIdRange(id, options, paths);
  const { plan, spec, warnings, specText } = await prepareQuickly({
    ...request,
    id,
    hostname,
    cable,
    idRange,
    scratch,
  });
  for (const warning of warnings) observer.warn(warning);
  const running = Promise.withResolvers<void>();
  let pid = 0;
  const ended = giveBirth({
    ...request,
    plan,
    spec,
    layers: options.rootfs === undefined ? request.image.layers : [options.rootfs],
    async born(first) {
      pid = first;
      await request.prepared?.(scratch);
    },
    released() {
      writeSpec(held.directory, specText ?? JSON.stringify(spec));
      noteBirth(held.directory, pid, cable?.address);
    },
    executed() {
      // After a power cut nothing else would tell it from garbage.
      if (record.keep && record.scratch !== null) mark(record.scratch, "kept");
      note(held.directory, record, "start");
      running.resolve();
    },
  });
  ended.then(() => running.resolve(), running.reject); // a birth that fails has no command that runs
  await running.promise;
  const layout = readLayout();
  const cgroup = cgroupPath(id);
  let removed: Promise<void> | undefined;
  return {
    record,
    options,
    host: request.host,
    spec,
    pid,
    address: cable?.address,
    ended,
    usage: () => readUsage(layout, cgroup, ["memoryPeak", "cpuTimeUsec", "oomKills"]),
    kill: () => killCgroup(layout, cgroup),
    remove: () => (removed ??= remove(held, paths)),
  };
}

/** The network's modules are loaded where there is one. */
const plugIn = async (
  { options, paths, observer, image }: StartRequest,
  id: string,
): Promise<Cable> =>
  await (await import("./network.ts")).plugCable(id, options, paths, observer.warn, image.config);

/** Makes a container's volumes, where it has any. */
export async function makeVolumes(
  {
    options,
    image,
    paths,
    observer,
  }: Pick<StartRequest, "options" | "image" | "paths" | "observer">,
  id: string,
): Promise<void> {
  const some = options.mounts?.some(({ type }) => type === "volume");
  if (!some && image.config.Volumes == null) return;
  const volumes = await import("./volumes.ts");
  await volumes.makeVolumes(id, options, image, paths, observer.warn);
}

/** The record of a container that is about to be. */
export function newRecord({
  options,
  image,
  paths,
  idle = false,
}: Pick<StartRequest, "options" | "image" | "paths" | "idle">): Record {
  const id = newId();
  const hostname = options.hostname ?? newHostname();
  return {
    id,
    name: options.name ?? hostname,
    hostname,
    image: image.name,
    imageId: image.id ?? null,
    created: new Date().toISOString(),
    command: idle ? [] : commandOf(options, image.config),
    idle,
    engine: process.pid,
    scratch: options.rootfs === undefined ? `${paths.lib}/containers/${id}` : null,
    keep: options.keep ?? false,
    link: networkMode(options).mode === "cables" ? linkName(id) : null,
    options,
    detached: false,
    autoRemove: false,
    logs: null,
    volumes: ownVolumes(options, image.config, id),
    restart: null,
  };
}
