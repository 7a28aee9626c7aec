import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { close, exists, readText, unlink } from "../linux/files.ts";
import { call } from "../linux/libc.ts";
import { takeDescriptor } from "../linux/pidfd.ts";
import { startTicks, writeWhole } from "./state.ts";

/*
 * How what is typed comes into a detached container, from any process, without one that stays for it:
 *
 *   -i    <run>/containers/<id>/stdin      a FIFO, which is the command's standard input
 *   -t    <run>/containers/<id>/terminal   which logger has the terminal's master, as descriptor 0: it is taken from there
 */
const { O_CLOEXEC, O_NONBLOCK, O_RDWR, O_WRONLY } = openFlags;
const S_IFIFO = 0o010000;

const fifoOf = (directory: string): string => `${directory}/stdin`;
const terminalFile = (directory: string): string => `${directory}/terminal`;

/**
 * Makes the FIFO; the descriptor for the command. Opened for both directions, it never ends, as docker's `run -di`; with
 * `attached` it ends when the last writer has gone: the one given to it is the first.
 */
export function openInput(directory: string, attached?: (writer: number) => void): number {
  const path = fifoOf(directory);
  if (exists(path)) unlink(path);
  call("mknodat", AT_FDCWD, path, S_IFIFO + 0o600, 0);
  const both = call("openat", AT_FDCWD, path, O_RDWR + O_CLOEXEC, 0);
  if (!attached) return both;
  const reader = call("openat", AT_FDCWD, path, O_CLOEXEC, 0);
  attached(call("openat", AT_FDCWD, path, O_WRONLY + O_NONBLOCK + O_CLOEXEC, 0));
  close(both);
  return reader;
}

/** A descriptor to write to; fails with ENXIO where nobody reads any more. */
export const openWriter = (directory: string): number =>
  call("openat", AT_FDCWD, fifoOf(directory), O_WRONLY + O_NONBLOCK + O_CLOEXEC, 0);

export function noteTerminal(directory: string, logger: number): void {
  writeWhole(terminalFile(directory), `${logger} ${startTicks(logger) ?? 0}\n`);
}

/** The terminal's master; undefined where its logger is gone. */
export function takeTerminal(directory: string): number | undefined {
  const file = terminalFile(directory);
  if (!exists(file)) return undefined;
  const [pid = 0, ticks] = readText(file).split(" ").map(Number);
  return startTicks(pid) === ticks ? takeDescriptor(pid, 0) : undefined;
}
