import { startWaiter } from "../launch/waiter.ts";
import { close } from "../linux/files.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import { paths as statePaths, type Paths } from "../linux/paths.ts";
import { tryPidfdOpen } from "../linux/pidfd.ts";
import { nextProbe, readHealth } from "./health.ts";
import { isRunning, readEntry, type Entry } from "./list.ts";
import { probeHealth } from "./probe.ts";
import { containersDirectory } from "./record.ts";
import { lives, type State } from "./state.ts";
import { HEALTH_VERB, supervisor } from "./supervisor.ts";

/*
 * Who looks after a container's health: a process that is two in turn. Between two probes it is the launcher program, 28 KB
 * that sleep; when a probe is due it becomes `kontener __health ID` (execve), which probes, starts the next sleeper and
 * ends. It ends with the container, too: it sleeps on its pidfd. Whatever kills it, the next kontener command finds
 * health.lock free and starts it again (gc.ts).
 *
 *   start ──► waiter ── ppoll(pidfd, until the next probe) ──► __health ── exec the probe, write health.json ──► waiter …
 *                └─ the container has ended: so does it
 */

/** Waits that are shorter are not worth a process of another kind. Milliseconds. */
const SHORT = 2000;
/** How long an earlier one may take to let go of the lock: it is in the middle of a probe of a container that has ended. */
const PATIENCE = 2000;

/** For a container that has just been started. It runs, whatever happens here: the next command tries again. */
export async function beginHealth(
  id: string,
  paths: Paths,
  warn: (text: string) => void,
): Promise<void> {
  try {
    await lookAfterHealth(id, paths, PATIENCE);
  } catch (error) {
    warn(`the container runs, but nobody looks after its health yet: ${(error as Error).message}`);
  }
}

/** Does nothing where somebody looks after it, or where it does not run. */
export async function lookAfterHealth(id: string, paths: Paths, patience = 0): Promise<void> {
  const lock = await takeLock(id, paths, patience);
  if (lock === undefined) return;
  try {
    const entry = readEntry(id, paths);
    if (entry?.state && isRunning(entry.status))
      await sleepUntil(entry.state, id, lock, await untilNext(entry, entry.state));
  } finally {
    unlock(lock);
  }
}

/** `kontener __health ID`: what is due now, and what is due soon after. */
export async function watchHealth(id: string): Promise<void> {
  const paths = statePaths();
  const lock = await takeLock(id, paths, PATIENCE);
  if (lock === undefined) return;
  for (let failed = false; ;) {
    const entry = readEntry(id, paths);
    if (!entry?.state || !isRunning(entry.status)) return;
    const left = await untilNext(entry, entry.state, failed);
    if (left > SHORT) return await sleepUntil(entry.state, id, lock, left);
    for (const end = Date.now() + left; Date.now() < end && lives(entry.state);)
      await Bun.sleep(Math.min(200, end - Date.now()));
    const now = readEntry(id, paths);
    if (now?.status !== "running") continue;
    // A disk that is full, or no memory: it is tried again at the next turn.
    failed = (await probeHealth(now, paths).catch(() => undefined)) === undefined;
  }
}

/** Milliseconds. One that is paused is looked at again after an interval. */
async function untilNext(
  { directory, status }: Entry,
  { started }: State,
  failed = false,
): Promise<number> {
  const health = await readHealth(directory);
  const { interval, startInterval } = health.check;
  if (failed || status === "paused") return interval;
  const left = nextProbe(health, Date.parse(started)) - Date.now();
  // The clock may have been set back.
  return Math.max(0, Math.min(left, Math.max(interval, startInterval)));
}

async function sleepUntil({ pid, ticks }: State, id: string, lock: number, left: number) {
  const pidfd = tryPidfdOpen(pid);
  if (pidfd === undefined) return;
  try {
    const state = { pid, ticks } as State; // held now: else its number may be another's
    if (lives(state)) await startWaiter({ lock, pidfd }, left, supervisor(id, HEALTH_VERB));
  } finally {
    close(pidfd);
  }
}

async function takeLock(id: string, paths: Paths, patience: number): Promise<number | undefined> {
  const path = `${containersDirectory(paths)}/${id}/health.lock`;
  const deadline = Date.now() + patience;
  for (;;) {
    const lock = tryLock(path);
    if (lock !== undefined || Date.now() >= deadline) return lock;
    await Bun.sleep(20);
  }
}
