import { KontenerError } from "../abi/error.ts";
import { signals } from "../abi/signal.ts";
import { decodeWaitStatus, type Ended } from "../abi/wait.ts";
import { decodeNote, encodeNote, SIZE, type Note } from "../launch/protocol.ts";
import {
  exists,
  isErrno,
  readText,
  rename,
  tryReadBytes,
  tryReadText,
  writeBytes,
  writeText,
} from "../linux/files.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";

const SIGKILL = signals.SIGKILL; // as a wait status: wait(2), WTERMSIG

/**
 * What becomes of a container once it is born, in files beside its record:
 *
 *   state.json    its first process, as soon as there is one
 *   config.json   the specification that it was born from (OCI)
 *   exit          how it ended: 32 bytes that the monitor of a detached one writes, empty until then
 *   kept          there: it stays when its processes are gone, until somebody removes it (`create`, `run -d`)
 *   oom-killed    there: the kernel killed one of its processes for want of memory
 *   stopped       there: somebody has stopped it on purpose, so that no --restart starts it again
 *   settled       there: it has ended, and what it had of the host is given back
 */
export type State = {
  /** PID 1 as the host sees it. */
  pid: number;
  /** When that process was started, in clock ticks since the boot: tells it from a later one with its number. */
  ticks: number;
  started: string;
  address: string | null;
};

export type Exit = Ended & { finished: string };

/** Written beside and renamed: whoever reads finds all of it or nothing. Not for everybody: environments hold secrets. */
export function writeWhole(file: string, text: string): void {
  writeText(`${file}.new`, text, 0o600);
  rename(`${file}.new`, file);
}

/** @param spec as JSON */
export const writeSpec = (directory: string, spec: string): void =>
  writeWhole(`${directory}/config.json`, spec);

/** Notes that a container's first process is there; it waits meanwhile. */
export function noteBirth(directory: string, pid: number, address: string | undefined): void {
  const ticks = startTicks(pid);
  if (ticks === undefined) return; // killed already
  const state: State = { pid, ticks, started: new Date().toISOString(), address: address ?? null };
  writeWhole(`${directory}/state.json`, `${JSON.stringify(state)}\n`);
}

/** Files that say something by being there. */
export type Mark = "kept" | "settled" | "oom-killed" | "stopped";

export const mark = (directory: string, name: Mark): void =>
  writeText(`${directory}/${name}`, "", 0o600);

export const isMarked = (directory: string, name: Mark): boolean => exists(`${directory}/${name}`);

/** undefined where the container has not been born yet. */
export const readStateWith = (
  parse: (text: string) => State,
  directory: string,
): State | undefined => readParsed(`${directory}/state.json`, parse);

/** The specification that a container was born from; undefined where it has not been born yet. */
export async function readSpec(directory: string): Promise<RuntimeSpec | undefined> {
  const { parseSpec } = await import("./record-schema.ts");
  return readParsed(`${directory}/config.json`, parseSpec);
}

function readParsed<T>(file: string, parse: (text: string) => T): T | undefined {
  try {
    return parse(readText(file));
  } catch (cause) {
    if (isErrno(cause, "ENOENT")) return undefined;
    throw new KontenerError(`cannot read ${file}: ${(cause as Error).message}`, {
      code: "INVALID",
      hint: "kontener rm -f removes the container with all its files",
      cause,
    });
  }
}

/** undefined where nobody has noted an end. With `--init` the reaper notes it before the monitor does. */
export function readExit(directory: string): Exit | undefined {
  const bytes = tryReadBytes(`${directory}/exit`, SIZE);
  if (bytes?.length !== SIZE) return undefined;
  const note = noteIn(bytes);
  if (note?.kind !== "ended") return undefined;
  return { ...decodeWaitStatus(note.value), finished: timeOf(bytes).toISOString() };
}

/** undefined for bytes that no monitor wrote. */
function noteIn(bytes: Uint8Array): Note | undefined {
  try {
    return decodeNote(bytes);
  } catch {
    return undefined;
  }
}

/** Notes an end that no monitor could: it was killed by signal 9. */
export function writeKilled(directory: string): void {
  const bytes = encodeNote("ended", 0, SIGKILL, Date.now() * 1e6);
  writeBytes(`${directory}/exit`, bytes, 0o600);
}

/** The message's struct timespec, of CLOCK_REALTIME. */
function timeOf(message: Uint8Array): Date {
  const view = new DataView(message.buffer, message.byteOffset + 16, 16);
  const [seconds, nanoseconds] = [view.getBigInt64(0, true), view.getBigInt64(8, true)];
  return new Date(Number(seconds) * 1000 + Number(nanoseconds) / 1e6);
}

/** Field 22 of proc_pid_stat(5); undefined where there is no such process. The second field may hold anything. */
export function startTicks(pid: number): number | undefined {
  const text = tryReadText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended: only its parent has not looked yet.
  return fields[0] === "Z" || fields[0] === "X" ? undefined : Number(fields[19]);
}

/** True while PID 1 lives. */
export const lives = ({ pid, ticks }: State): boolean => startTicks(pid) === ticks;
