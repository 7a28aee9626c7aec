import type { HealthCheck } from "../oci/health.ts";
import { paths as statePaths, type Paths } from "../linux/paths.ts";
import { hasHealthCheck, healthStatus, readHealth } from "./health.ts";
import type { Entry } from "./list.ts";
import { logFile } from "./logs.ts";
import { endpointsOf } from "./endpoints.ts";
import { portMap, portsOf } from "./ports.ts";
import { readSpec } from "./state.ts";

/**
 * A container as `docker inspect` shows it, with docker's names where docker has the thing; `Options` is what it was made
 * with, `Spec` the OCI specification.
 */
export async function describeContainer(entry: Entry, paths: Paths = statePaths()) {
  const { record, directory, status, state, exit, oomKilled } = entry;
  const { options } = record;
  const spec = await readSpec(directory);
  const alive = status === "running" || status === "paused";
  const health = hasHealthCheck(directory) ? await readHealth(directory) : undefined;
  const { FailingStreak, Log } = health ?? {};
  const [path = "", ...args] = spec?.process.args ?? record.command;
  const endpoints = record.link === null ? {} : await endpointsOf(entry, paths);
  return {
    Id: record.id,
    Name: record.name,
    Created: record.created,
    Path: path,
    Args: args,
    State: {
      Status: status,
      Running: alive,
      Paused: status === "paused",
      OOMKilled: oomKilled,
      Pid: alive ? (state?.pid ?? 0) : 0,
      ExitCode: exit?.code ?? 0,
      StartedAt: state?.started ?? null,
      FinishedAt: exit?.finished ?? null,
      ...(health ? { Health: { Status: healthStatus(entry), FailingStreak, Log } } : {}),
    },
    Image: record.imageId ?? record.image,
    Config: {
      Hostname: record.hostname,
      User: options.user ?? "",
      Env: spec?.process.env ?? [],
      Cmd: record.command,
      Entrypoint: options.entrypoint ?? null,
      WorkingDir: spec?.process.cwd ?? options.workdir ?? "",
      Image: record.image,
      Labels: options.labels ?? {},
      Tty: options.tty ?? false,
      OpenStdin: options.interactive ?? false,
      ...(health ? { Healthcheck: healthcheckOf(health.check) } : {}),
    },
    LogPath: record.logs ? logFile(record.logs, "stdout") : null,
    HostConfig: {
      AutoRemove: record.autoRemove,
      NetworkMode: [options.network ?? "bridge"].flat()[0],
      Memory: typeof options.memory === "number" ? options.memory : 0,
      Privileged: options.privileged ?? false,
      ReadonlyRootfs: options.readOnly ?? false,
      RestartPolicy: {
        Name: record.restart?.when ?? "no",
        MaximumRetryCount: record.restart?.most ?? 0,
      },
    },
    Mounts: (options.mounts ?? []).map((mount) => ({
      Type: mount.type,
      ...(mount.type === "volume" ? { Name: mount.name ?? "" } : {}),
      Source: "source" in mount ? mount.source : "",
      Destination: mount.target,
      RW: !("readOnly" in mount && mount.readOnly),
    })),
    NetworkSettings: {
      IPAddress: Object.values(endpoints)[0]?.IPAddress ?? "",
      Ports: portMap(portsOf(record.id, paths)),
      Networks: endpoints,
    },
    Options: options,
    Spec: spec ?? null,
  };
}

/** As an image has it, in nanoseconds. */
const healthcheckOf = ({ command, retries, ...times }: HealthCheck) => ({
  Test: ["CMD", ...command],
  Interval: times.interval * 1e6,
  Timeout: times.timeout * 1e6,
  StartPeriod: times.startPeriod * 1e6,
  StartInterval: times.startInterval * 1e6,
  Retries: retries,
});
