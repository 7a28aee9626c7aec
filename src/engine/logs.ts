import { AT_FDCWD } from "../abi/open.ts";
import { LOG_FLAGS, startLogger } from "../launch/logger.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import { close, makeDirectories } from "../linux/files.ts";
import { call } from "../linux/libc.ts";
import type { Paths } from "../linux/paths.ts";
import { pipe } from "../linux/pipe.ts";
import type { LogSettings } from "./record.ts";

/**
 * A detached container's output: a pipe for each stream, drained into a file by a logger of 20 KB (src/launch/logger.ts).
 *
 *   <lib>/logs/<id>/stdout.log    frames: see logger.ts; older ones are stdout.log.1, stdout.log.2 …
 *   <lib>/logs/<id>/stdout.lock   locked by the logger while it may write more
 */
export type StreamName = "stdout" | "stderr";
export const streamNames: readonly StreamName[] = ["stdout", "stderr"];

/** docker's json-file has no limit; here an engine that nobody looks after does not fill the disk. */
const DEFAULTS = { maxSize: 10 * 1024 * 1024, maxFiles: 3 };

export const logFile = ({ directory }: LogSettings, stream: StreamName): string =>
  `${directory}/${stream}.log`;
export const logLock = ({ directory }: LogSettings, stream: StreamName): string =>
  `${directory}/${stream}.lock`;

export const logSettings = (
  id: string,
  paths: Paths,
  wanted: Partial<Pick<LogSettings, "maxSize" | "maxFiles">> = {},
): LogSettings => ({ directory: `${paths.lib}/logs/${id}`, ...DEFAULTS, ...wanted });

/** Ends that a container writes to, each drained by a logger. They are closed with `using` once the container has them. */
export type Output = Disposable & { ends: readonly [number, number] };

export async function openOutput(settings: LogSettings): Promise<Output> {
  const ends: number[] = [];
  const dispose = () => ends.forEach((fd) => close(fd));
  try {
    for (const stream of streamNames) {
      const [source, end] = pipe();
      ends.push(end);
      await drain(source, settings, stream);
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { ends: [ends[0]!, ends[1]!], [Symbol.dispose]: dispose };
}

/** Starts a logger for a pipe's or a terminal's end, which it takes over; the process that it is. */
export async function drain(
  source: number,
  settings: LogSettings,
  stream: StreamName,
): Promise<number> {
  const path = logFile(settings, stream);
  makeDirectories(settings.directory, 0o700);
  const opened = [source];
  try {
    const file = call("openat", AT_FDCWD, path, LOG_FLAGS, 0o600);
    opened.push(file);
    // The logger of an earlier run of this container may be about to end.
    let lock = tryLock(logLock(settings, stream));
    for (let i = 0; lock === undefined && i < 100; i++) {
      await Bun.sleep(10);
      lock = tryLock(logLock(settings, stream));
    }
    if (lock !== undefined) opened.push(lock);
    const { maxSize, maxFiles } = settings;
    return await startLogger({ source, file, lock: lock ?? file }, path, {
      maxSize: maxSize ?? undefined,
      maxFiles,
    });
  } finally {
    for (const fd of opened) close(fd);
  }
}

/** True once a stream's logger has written the last piece. */
export function isDrained(settings: LogSettings, stream: StreamName): boolean {
  let lock: number | undefined;
  try {
    lock = tryLock(logLock(settings, stream));
  } catch {
    return true; // never started, or removed
  }
  if (lock === undefined) return false;
  unlock(lock);
  return true;
}
