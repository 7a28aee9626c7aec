import { existsSync } from "node:fs";
import type { Signal } from "../abi/signal.ts";
import type { Ended } from "../abi/wait.ts";
import { readLayout } from "../cgroup/host.ts";
import { killCgroup } from "../cgroup/kill.ts";
import { thawCgroup } from "../cgroup/freeze.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { annotations } from "../oci/annotations.ts";
import { parseSignal } from "../spec/signal.ts";
import { tidy } from "./gc.ts";
import { note } from "./journal.ts";
import type { Entry } from "./list.ts";
import { cgroupPath } from "./remove.ts";
import { signalContainer } from "./signal.ts";
import { lives, mark, readExit, readSpec } from "./state.ts";

export type StopOptions = {
  signal?: Signal;
  /** Seconds until it is killed; a negative number waits for ever. */
  timeout?: number;
};

/** docker's. */
const DEFAULT_TIMEOUT = 10;

/** Asks a container to end, and kills it where it does not in time. One that has ended is left as it is. */
export async function stopContainer(
  entry: Entry,
  paths: Paths,
  { signal, timeout = entry.record.options.stopTimeout ?? DEFAULT_TIMEOUT }: StopOptions = {},
): Promise<void> {
  const layout = readLayout();
  const cgroup = cgroupPath(entry.record.id);
  if (entry.status === "paused") thawCgroup(layout, cgroup);
  if (entry.record.restart) mark(entry.directory, "stopped");
  if (await signalContainer(entry, signal ?? (await stopSignalOf(entry)))) {
    const patience = timeout < 0 ? Infinity : timeout * 1000;
    if (!(await waitForEnd(entry, patience))) await killCgroup(layout, cgroup);
    await waitForEnd(entry);
  }
  await tidy(entry.record.id, paths);
  note(entry.directory, entry.record, "stop");
}

/** Its own (`--stop-signal`), the image's, or SIGTERM. What an image says is not trusted. */
async function stopSignalOf({ directory }: Entry): Promise<Signal> {
  const spec = await readSpec(directory);
  try {
    return parseSignal("StopSignal", spec?.annotations?.[annotations.stopSignal] ?? "SIGTERM");
  } catch {
    return "SIGTERM";
  }
}

/**
 * Waits until nobody looks after a container any more, and says how it ended: as its monitor noted it, or as killed where
 * it could not. undefined after `patience` milliseconds, or where it was never started or leaves no note (in the
 * foreground). Looks every 50 ms: pidfds cannot be waited for on Bun's event loop.
 */
export async function waitForEnd(entry: Entry, patience = Infinity): Promise<Ended | undefined> {
  const { directory, state, record } = entry;
  if (!state) return undefined;
  const deadline = Date.now() + patience;
  for (let delay = 1; ; delay = Math.min(2 * delay, 50)) {
    if (!lives(state)) {
      const exit = readExit(directory);
      if (exit && isFree(directory)) return exit;
      if (!existsSync(`${directory}/lock`) || isFree(directory)) {
        const late = readExit(directory);
        return late ?? (record.detached ? { code: 137, signal: 9 } : { code: 0, signal: null });
      }
    }
    if (Date.now() >= deadline) return undefined;
    await Bun.sleep(delay);
  }
}

/** True where neither an engine nor a monitor holds the container's lock. */
function isFree(directory: string): boolean {
  if (!existsSync(`${directory}/lock`)) return true;
  const lock = tryLock(`${directory}/lock`);
  if (lock === undefined) return false;
  unlock(lock);
  return true;
}
