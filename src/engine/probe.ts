import { readLayout } from "../cgroup/host.ts";
import { isFrozen } from "../cgroup/freeze.ts";
import { killCgroup } from "../cgroup/kill.ts";
import { removeCgroup } from "../cgroup/remove.ts";
import { close } from "../linux/files.ts";
import { withLock } from "../linux/file-lock.ts";
import { pipe } from "../linux/pipe.ts";
import { sendSignal, tryPidfdOpen } from "../linux/pidfd.ts";
import type { Paths } from "../linux/paths.ts";
import { execIn } from "./exec.ts";
import { afterProbe, readHealth, writeHealth, type Health, type Probe } from "./health.ts";
import { note } from "./journal.ts";
import type { Entry } from "./list.ts";
import { cgroupPath } from "./remove.ts";
import { runningContainer } from "./running.ts";
import { lives } from "./state.ts";

/** Of a probe's output, as in docker. */
const MOST_OUTPUT = 4096;
/** Below the container's own: one probe at a time is in it, and what a killed one has left is found by it. */
const GROUP = "health";

/**
 * Probes a container's health once, and notes how it is. undefined where the probe does not count: the container has ended
 * or was paused meanwhile.
 */
export async function probeHealth(entry: Entry, paths: Paths): Promise<Health | undefined> {
  const { directory, state, record } = entry;
  return await withLock(`${directory}/probe.lock`, async () => {
    const before = await readHealth(directory);
    const probe = await runProbe(entry, before, paths);
    if (!probe || !state || !lives(state)) return undefined;
    const after = afterProbe(before, probe, Date.parse(state.started));
    writeHealth(directory, after);
    if (after.Status !== before.Status) note(directory, record, `health_status: ${after.Status}`);
    return after;
  });
}

async function runProbe(entry: Entry, { check }: Health, paths: Paths): Promise<Probe | undefined> {
  const container = await runningContainer(entry, paths);
  const layout = readLayout();
  const group = cgroupPath(entry.record.id);
  const own = `${group}/${GROUP}`;
  const clear = async (): Promise<void> => {
    await killCgroup(layout, own).catch(() => undefined); // it has gone with the container
    await removeCgroup(layout, own);
  };
  await clear();
  const [source, end] = pipe();
  const output = new FirstBytes(source);
  let hold: number | undefined;
  let late = false;
  let paused = false;
  const timer = setTimeout(() => {
    late = true;
    paused = isFrozen(layout, group);
    if (hold !== undefined) sendSignal(hold, "SIGKILL"); // also where this host has no group for it
    void killCgroup(layout, own).catch(() => undefined);
  }, check.timeout);
  const Start = new Date().toISOString();
  let ExitCode = -1;
  let failure: string | undefined;
  try {
    const { code } = await execIn({
      container,
      exec: { command: check.command },
      stdio: ["ignore", end, end],
      observer: { warn: () => undefined },
      group: GROUP,
      signalsTo: (pid) => void (hold = tryPidfdOpen(pid)),
    });
    ExitCode = late ? -1 : code;
  } catch (error) {
    failure = (error as Error).message;
  } finally {
    clearTimeout(timer);
    close(end);
    if (hold !== undefined) close(hold);
    await clear(); // also what it has left in the background, which may hold the pipe open
  }
  const text = await output.text();
  if (paused) return undefined;
  const Output = late
    ? `Health check exceeded timeout (${check.timeout / 1000}s)`
    : (failure ?? text);
  return { Start, End: new Date().toISOString(), ExitCode, Output };
}

/** Reads a pipe to its end, and keeps the beginning. */
class FirstBytes {
  readonly #done: Promise<Uint8Array>;

  /** Takes the descriptor over. */
  constructor(fd: number) {
    this.#done = this.#read(fd);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.#done);
  }

  async #read(fd: number): Promise<Uint8Array> {
    const kept = new Uint8Array(MOST_OUTPUT);
    let size = 0;
    try {
      for await (const chunk of Bun.file(fd).stream()) {
        const piece = chunk.subarray(0, MOST_OUTPUT - size);
        kept.set(piece, size);
        size += piece.length;
      }
    } finally {
      close(fd);
    }
    return kept.subarray(0, size);
  }
}
