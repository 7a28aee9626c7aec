import { closeSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import type { Signal } from "../abi/signal.ts";
import { sendSignal, tryPidfdOpen } from "../linux/pidfd.ts";
import { annotations } from "../oci/annotations.ts";
import { firstChild } from "./birth.ts";
import type { Entry } from "./list.ts";
import { lives, readSpec } from "./state.ts";

/** A verb was asked of a container that is not as it needs it. */
export const notSo = (entry: Entry, wanted: string, hint: string): KontenerError =>
  new KontenerError(`container ${entry.record.name} is ${entry.status}, not ${wanted}`, {
    code: "CONFLICT",
    hint: hint.replaceAll("NAME", entry.record.name),
    exitCode: 1,
  });

export function requireRunning(entry: Entry): void {
  if (entry.status === "running" || entry.status === "paused") return;
  throw notSo(
    entry,
    "running",
    "kontener start NAME starts it; kontener ps -a shows all there are",
  );
}

/**
 * Sends a signal to a container's command. PID 1 of `--init` holds signals back: they are for its child. False where it
 * has ended.
 */
export async function signalContainer(entry: Entry, signal: Signal): Promise<boolean> {
  const { state, directory } = entry;
  if (!state) return false;
  const hold = tryPidfdOpen(state.pid);
  if (hold === undefined) return false;
  try {
    if (!lives(state)) return false; // another process has got its number
    const spec = await readSpec(directory);
    const reaps = spec?.annotations?.[annotations.init] === "true";
    const child = reaps && signal !== "SIGKILL" ? firstChild(state.pid) : undefined;
    return child === undefined ? sendSignal(hold, signal) : signalProcess(child, signal);
  } finally {
    closeSync(hold);
  }
}

/** The child cannot be reaped, and its number be another's, while its parent is held. */
function signalProcess(pid: number, signal: Signal): boolean {
  const hold = tryPidfdOpen(pid);
  if (hold === undefined) return false;
  try {
    return sendSignal(hold, signal);
  } finally {
    closeSync(hold);
  }
}
