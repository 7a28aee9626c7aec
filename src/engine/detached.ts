import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { close, exists, makeDirectories, unlink } from "../linux/files.ts";
import { call } from "../linux/libc.ts";
import { unlock } from "../linux/file-lock.ts";
import { takeDescriptor } from "../linux/pidfd.ts";
import { giveDetachedBirth } from "./birth.ts";
import { makeVolumes, newRecord, type StartRequest } from "./container.ts";
import { firstHealth, writeHealth } from "./health.ts";
import { noteTerminal, openInput } from "./container-input.ts";
import { chooseIdRange } from "./id-range.ts";
import { drain, logSettings, openOutput } from "./logs.ts";
import { note } from "./journal.ts";
import { plugCable } from "./network.ts";
import { saveCopy, staysAfterReboot } from "./reboot.ts";
import { createRecord, removeRecord, type Held, type LogSettings, type Record } from "./record.ts";
import { releaseResources, removeContainer } from "./remove.ts";
import { mark, noteBirth, writeSpec } from "./state.ts";
import { prepareQuickly } from "./stencils.ts";
import { supervisor } from "./supervisor.ts";
import { healthCheckOf } from "../oci/health.ts";
import type { RestartPolicy } from "../spec/restart.ts";

export type DetachedRequest = Pick<
  StartRequest,
  "options" | "image" | "host" | "paths" | "observer" | "idle"
> & {
  /** Of a container with `-i` and no terminal: what is written here it reads, and it ends when this is closed. */
  attached?: ((writer: number) => void) | undefined;
};
export type DetachedOptions = {
  /** Remove it when it has ended. */
  autoRemove?: boolean;
  restart?: RestartPolicy | undefined;
  logs?: Partial<Pick<LogSettings, "maxSize" | "maxFiles">>;
};

/** `create`: a record and a name. Nothing else is made, and it stays until it is removed. */
export function createDetached(request: DetachedRequest, more: DetachedOptions = {}): Record {
  const held = newDetached(request, more);
  try {
    request.observer.recorded?.(held.record.id);
    if (staysAfterReboot(held.record)) saveCopy(held.record, request.paths);
    mark(held.directory, "kept");
  } catch (error) {
    removeRecord(held, request.paths);
    throw error;
  }
  unlock(held.lockFd);
  return held.record;
}

/**
 * Starts a container that outlives this process. Fulfilled when its command runs; a start that fails leaves nothing behind.
 *
 *   engine                              monitor                 PID 1
 *     │ record, lock, loggers             │                       │
 *     │ ── plan, lock, exit file ───────► │ ── fork ────────────► │
 *     │ state.json, config.json           │                       │
 *     │ ── go ──────────────────────────────────────────────────► │ … execve(command)
 *     │ ◄── executed ──────────────────── │                       │
 *     │ kept; ends                        │ wait4(PID 1)          │
 *                                         │ exit ◄─────────────── │ ends
 *                                         │ ends: the lock is free
 */
export async function startDetached(
  request: DetachedRequest,
  more: DetachedOptions = {},
): Promise<Record> {
  const held = newDetached(request, more);
  try {
    request.observer.recorded?.(held.record.id);
    await startHeld(request, held);
  } catch (error) {
    await removeContainer(held, request.paths);
    throw error;
  }
  return held.record;
}

function newDetached(request: DetachedRequest, more: DetachedOptions): Held {
  const { paths } = request;
  const record = newRecord(request);
  makeDirectories(`${paths.lib}/containers`, 0o711);
  const held = createRecord(
    {
      ...record,
      detached: true,
      keep: false,
      autoRemove: more.autoRemove ?? false,
      restart: more.restart ?? null,
      logs: logSettings(record.id, paths, more.logs),
    },
    paths,
  );
  note(held.directory, held.record, "create");
  return held;
}

const { O_APPEND, O_CLOEXEC, O_CREAT, O_TRUNC, O_WRONLY } = openFlags;
const EXIT_FLAGS = O_WRONLY + O_CREAT + O_TRUNC + O_APPEND + O_CLOEXEC;

/** Starts a container that has a record, once more or for the first time; the lock goes over to its monitor. */
export async function startHeld(request: DetachedRequest, held: Held): Promise<void> {
  const { options, image, observer, paths } = request;
  const { record, directory, lockFd } = held;
  const { id, hostname, logs, idle } = record;
  if (logs === null) throw new Error(`container ${id} was not made to outlive its engine`);
  for (const name of ["settled", "stopped", "oom-killed", "state.json", "terminal", "health.json"])
    if (exists(`${directory}/${name}`)) unlink(`${directory}/${name}`);
  const check = idle ? undefined : healthCheckOf(options, image.config);
  const exit = call("openat", AT_FDCWD, `${directory}/exit`, EXIT_FLAGS, 0o600);
  try {
    const cable =
      record.link === null
        ? undefined
        : await plugCable(id, options, paths, observer.warn, image.config);
    const scratch = record.scratch ?? "";
    await makeVolumes(request, id);
    // A successor is in no stencil.
    const prepared = record.restart ? (await import("./prepare.ts")).prepare : prepareQuickly;
    const { plan, spec, warnings } = await prepared({
      ...request,
      id,
      hostname,
      cable,
      idRange: chooseIdRange(id, options, paths),
      scratch,
      idle,
      detached: true,
    });
    for (const warning of warnings) observer.warn(warning);
    writeSpec(directory, JSON.stringify(spec));
    const terminal = options.tty ?? false;
    using output = terminal || idle ? undefined : await openOutput(logs); // who sleeps prints nothing
    const takesInput = options.interactive && !terminal && !idle;
    const input = takesInput ? openInput(directory, request.attached) : undefined;
    let draining: Promise<void> | undefined;
    await giveDetachedBirth(
      {
        plan,
        spec,
        layers: options.rootfs === undefined ? image.layers : [options.rootfs],
        stdio: [input ?? "ignore", output?.ends[0] ?? "ignore", output?.ends[1] ?? "ignore"],
        executor: "launcher",
        observer,
        born: (pid) => noteBirth(directory, pid, cable?.address),
        terminal(pid, fd) {
          draining = drain(takeDescriptor(pid, fd), logs, "stdout").then((logger) =>
            noteTerminal(directory, logger),
          );
        },
        executed() {
          if (staysAfterReboot(record)) saveCopy(record, paths);
          if (check) writeHealth(directory, firstHealth(check));
          mark(directory, "kept");
          note(directory, record, "start");
        },
      },
      { lock: lockFd, exit, ...(record.restart ? { successor: supervisor(id) } : {}) },
    );
    if (input !== undefined) close(input);
    await draining;
    if (check)
      await (await import("./health-watch.ts")).beginHealth(record.id, paths, observer.warn);
  } catch (error) {
    await releaseResources(record, paths);
    throw error;
  } finally {
    close(exit);
  }
  unlock(lockFd);
}
