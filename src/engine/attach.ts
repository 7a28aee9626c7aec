import { watch } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { ioctlRequests } from "../abi/ioctl.ts";
import type { Ended } from "../abi/wait.ts";
import { close, makeDirectories } from "../linux/files.ts";
import { memory, tryCall } from "../linux/libc.ts";
import { enterRawMode } from "../linux/termios.ts";
import { DetachKeys } from "../spec/detach-keys.ts";
import { feed } from "./attach-input.ts";
import { openWriter, takeTerminal } from "./container-input.ts";
import type { Entry } from "./list.ts";
import { isDrained, streamNames, type StreamName } from "./logs.ts";
import { PieceReader } from "./read-pieces.ts";
import type { LogSettings } from "./record.ts";
import { notSo, requireRunning } from "./signal.ts";
import { SignalForwarder } from "./signals.ts";
import { lives } from "./state.ts";
import { waitForEnd } from "./stop.ts";

export type AttachOptions = {
  /** Standard input goes to the container, where it takes any (`-i`). */
  stdin: boolean;
  /** What is typed to leave a container with a terminal; empty: nothing. */
  detachKeys: Uint8Array;
  /** Signals go to the container, where it has no terminal. */
  sigProxy: boolean;
  /** Prints what the container has printed. */
  write(stream: StreamName, bytes: Uint8Array): void;
};

/** A container's output from this moment on, as it comes: not in lines, because who waits at a prompt sees it. */
export class Tail implements Disposable {
  readonly #readers: (readonly [StreamName, PieceReader])[];
  readonly settings: LogSettings;

  constructor({ record }: Entry) {
    if (record.logs === null || record.idle)
      throw new KontenerError(`container ${record.name} cannot be attached to`, {
        code: "CONFLICT",
        hint: "kontener attach is for containers of run -d and create; exec runs another command in any",
        exitCode: 1,
      });
    this.settings = record.logs;
    const settings = record.logs;
    this.#readers = streamNames.map((name) => [name, new PieceReader(settings, name, "now")]);
  }

  print(write: AttachOptions["write"]): void {
    for (const [stream, reader] of this.#readers)
      for (const { bytes } of reader.next()) write(stream, bytes);
  }

  [Symbol.dispose](): void {
    for (const [, reader] of this.#readers) reader[Symbol.dispose]();
  }
}

/**
 * Connects this process's standard descriptors to a running container. Output comes from its logs, which its loggers write
 * at once; input goes through its FIFO or its terminal (container-input.ts). How it ended, or undefined after the detach keys.
 *
 * @param writer where its input goes, when the caller has that already
 */
export async function attach(
  entry: Entry,
  tail: Tail,
  options: AttachOptions,
  writer?: number,
): Promise<Ended | undefined> {
  if (entry.exit) {
    await follow(entry, tail, options.write); // it was quicker than we
    return entry.exit;
  }
  requireRunning(entry);
  if (entry.status === "paused")
    throw notSo(entry, "running", "kontener unpause NAME lets it go on");
  const { record, directory, state } = entry;
  const { tty = false, interactive = false } = record.options;
  const master = tty ? takeTerminal(directory) : undefined;
  const wantsInput = options.stdin && interactive;
  const input = wantsInput
    ? (master ?? writer ?? (tty ? undefined : openWriter(directory)))
    : undefined;
  using stack = new DisposableStack();
  if (master !== undefined) stack.defer(followSize(master));
  if (!tty && options.sigProxy) stack.use(new SignalForwarder()).start(state!.pid);
  if (tty) stack.defer(wantsInput ? enterRawMode(0) : enterRawMode(1, true));
  const keys = new DetachKeys(tty ? options.detachKeys : new Uint8Array(0));
  const left = Promise.withResolvers<"left">();
  if (input !== undefined) void feed(input, keys, () => left.resolve("left"), tty);
  const over = follow(entry, tail, options.write);
  if ((await Promise.race([left.promise, over])) === "left") return undefined;
  return await waitForEnd(entry);
}

/** Prints until the container has ended and its loggers have written the last of it. Woken by inotify(7). */
async function follow(entry: Entry, tail: Tail, write: AttachOptions["write"]): Promise<void> {
  let wake: () => void = () => undefined;
  makeDirectories(tail.settings.directory, 0o700);
  const watcher = watch(tail.settings.directory, () => wake());
  for (let ended = false; !ended;) {
    const woken = new Promise<void>((resolve) => (wake = resolve));
    ended = !lives(entry.state!) && streamNames.every((stream) => isDrained(tail.settings, stream));
    tail.print(write);
    if (!ended) await Promise.race([woken, Bun.sleep(50)]);
  }
  watcher.close();
}

/** The user's terminal's size, now and when it changes; what ends it. */
function followSize(master: number): () => void {
  const copy = () => {
    const { rows, columns } = process.stdout;
    if (!rows || !columns) return;
    const size = new Uint16Array(memory(8).buffer);
    size.set([rows, columns]);
    tryCall("ioctl", master, ioctlRequests.TIOCSWINSZ, new Uint8Array(size.buffer));
  };
  copy();
  process.stdout.on("resize", copy);
  return () => {
    process.stdout.off("resize", copy);
    close(master);
  };
}
