import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { close } from "../linux/files.ts";
import { memory, tryCall } from "../linux/libc.ts";
import type { HealthStatus } from "./health.ts";
import type { Record } from "./record.ts";

/*
 * What has happened to containers, for `kontener events`: each process that changes something appends a line of JSON to
 * <run>/events, in docker's shape. There is no daemon: an end is noted by the first command that finds it (settle.ts), with
 * the time of the end. Five system calls an event; what cannot be written is lost, and never the container's trouble.
 */
export type Action =
  | "create"
  | "start"
  | "die"
  | "oom"
  | "kill"
  | "stop"
  | "restart"
  | "pause"
  | "unpause"
  | "rename"
  | "update"
  | "exec_start"
  | "exec_die"
  | "attach"
  | `health_status: ${HealthStatus}`
  | "destroy";

export type ContainerEvent = {
  Type: "container";
  Action: Action;
  Actor: { ID: string; Attributes: { [name: string]: string } };
  scope: "local";
  /** Seconds and nanoseconds since 1970. */
  time: number;
  timeNano: number;
};

const { O_APPEND, O_CLOEXEC, O_CREAT, O_WRONLY } = openFlags;
/** Bytes after which a new journal is begun; one older is kept. */
export const MAX_JOURNAL = 1 << 20;
const [SIZE_OF_STAT, ST_SIZE] = [144, 48]; // struct stat of both architectures

/** @param directory the container's, <run>/containers/<id> */
export function note(
  directory: string,
  { id, name, image, options }: Pick<Record, "id" | "name" | "image" | "options">,
  Action: Action,
  more: { [name: string]: string } = {},
  milliseconds = Date.now(),
): void {
  const event: ContainerEvent = {
    Type: "container",
    Action,
    Actor: { ID: id, Attributes: { ...options.labels, image, name, ...more } },
    scope: "local",
    time: Math.floor(milliseconds / 1000),
    timeNano: Math.round(milliseconds * 1e6),
  };
  append(journalOf(directory), `${JSON.stringify(event)}\n`);
}

export const journalOf = (directory: string): string =>
  `${directory.slice(0, directory.lastIndexOf("/containers/"))}/events`;

const encoder = new TextEncoder();

/** One write of a file that is opened to append: lines of several processes do not mix. */
export function append(journal: string, line: string): void {
  const fd = tryCall("openat", AT_FDCWD, journal, O_WRONLY + O_APPEND + O_CREAT + O_CLOEXEC, 0o600);
  if (fd < 0) return;
  const stat = memory(SIZE_OF_STAT);
  const bytes = encoder.encode(line);
  tryCall("write", fd, bytes, bytes.length);
  tryCall("fstat", fd, stat);
  close(fd);
  // Two that do so at once lose the older lines of the two: fewer than MAX_JOURNAL of a journal that was full.
  if (Number(new DataView(stat.buffer).getBigInt64(ST_SIZE, true)) > MAX_JOURNAL)
    tryCall("renameat2", AT_FDCWD, journal, AT_FDCWD, `${journal}.1`, 0);
}
