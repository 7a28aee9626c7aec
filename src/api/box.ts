import { KontenerError } from "../abi/error.ts";
import type { Container } from "../engine/container.ts";
import { portsOf } from "../engine/ports.ts";
import { paths as statePaths } from "../linux/paths.ts";
import { parsePort } from "../spec/publish.ts";
import {
  checkCommand,
  checkCommandOptions,
  type CheckedOptions,
  type ExecOptions,
  type SpawnOptions,
} from "./command-options.ts";
import { CommandJob } from "./command-job.ts";
import { BoxEvents, type BoxEvent } from "./events.ts";
import { BoxEngine } from "./box-engine.ts";
import type { CopyOptions } from "./files/copy.ts";
import type { ReadOptions, WriteOptions } from "./files/files.ts";
import type { Input } from "./stdin.ts";
import { Leash } from "./leash.ts";
import { imageFor } from "./image.ts";
import { containerOptions, imageOptions, type BoxOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { Run } from "./process.ts";
import { shellOf, type Shell } from "./shell.ts";
import { inBackground } from "./warn.ts";
import { readStats, type Stats } from "./stats.ts";

const end = Symbol("end");

/**
 * What ends a box before it is closed. Apart from the constructor: closures that are made there hold `this`, and a box that
 * its timer holds is never forgotten.
 */
function limitLife(
  weak: WeakRef<Box>,
  { ended, kill }: Container,
  limits: Pick<BoxOptions, "timeout" | "signal">,
): { leash: Leash; ended: Promise<void> } {
  const leash = new Leash(limits, async () => {
    weak.deref()?.[end](leash.timedOut ? "its time is over" : "it was aborted");
    await kill();
  });
  const gone = (): void => {
    leash[Symbol.dispose]();
    weak.deref()?.[end]("its PID 1 was ended");
  };
  return { leash, ended: ended.then(gone, gone) };
}

/** Boxes in which something runs: they are used, though nobody may hold them. */
const busy = new Set<Box>();

const forgotten = new FinalizationRegistry<BoxEngine>((engine) => {
  inBackground(engine.letGo());
});

/**
 * A container in which many commands can be run. It ends with `await using`, with {@link close}, when nobody refers to it any
 * more, and with this process, however that ends. One that is open keeps the process going, as a child process does. With
 * `detach: true` only {@link close} and `kontener rm -f` end it.
 *
 * ```ts
 * import { container } from "kontener";
 *
 * await using box = await container("busybox", { network: "none", memory: "64M" });
 * await box.writeFile("/work/greet.sh", "echo hello $1");
 * const { stdout, exitCode } = await box.exec(["sh", "/work/greet.sh", "you"], { timeout: "5s" });
 * console.log(stdout, exitCode, box.stats().memory);
 * ```
 */
export class Box implements AsyncDisposable {
  /** Twelve hexadecimal digits, by which `kontener` and this host's logs know it. */
  readonly id: string;
  /** Its name: `name`, or the host name. */
  readonly name: string;
  /** Its IPv4 address on the bridge; undefined with `network: "none"` and `"host"`. */
  readonly address: string | undefined;
  /** Fulfilled when the box has ended, for whatever reason. Never rejected. */
  readonly ended: Promise<void>;
  /** `` box.$`command` `` for the shell of the box, values quoted: see {@link ShellCommand}. */
  readonly $: Shell;

  readonly #engine: BoxEngine;
  readonly #leash: Leash;
  readonly #groups = new Set<string>();
  readonly #events = new BoxEvents();
  /** Commands that have not ended. */
  readonly #running = new Set<Promise<unknown>>();
  #commands = 0;
  #over: string | undefined;

  /** @internal */
  constructor(engine: BoxEngine, limits: Pick<BoxOptions, "timeout" | "signal">) {
    const { record, address } = engine.container;
    this.#engine = engine;
    this.id = record.id;
    this.name = record.name;
    this.address = address;
    this.$ = shellOf((command, options, gathered) => this.#run(command, options, gathered));
    const over = limitLife(new WeakRef(this), engine.container, limits);
    this.#leash = over.leash;
    this.ended = over.ended;
    forgotten.register(this, engine, this);
  }

  /**
   * Starts a command. Throws at once what is wrong with its options; what is wrong with its start comes with
   * `run.exited` and `run.lines()`.
   *
   * @throws KontenerError `INVALID`; `ENDED` where the box is closed
   */
  spawn(command: readonly string[], options: SpawnOptions = {}): Run {
    checkCommand(command);
    return this.#run(command, checkCommandOptions(options), false);
  }

  /**
   * Runs a command and gathers what it prints. One that fails is no error: see `exitCode`. What it leaves running in the
   * background goes on, as long as the box does.
   *
   * @throws KontenerError `NOT_FOUND` for a command that is not there, `INVALID` for options, `ENDED` where the box is closed
   * @throws the reason of `signal`, where that was aborted
   */
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<Output> {
    checkCommand(command);
    const checked = checkCommandOptions(options);
    return await this.#run(command, checked, true).collect(checked.maxOutput);
  }

  /**
   * A file's bytes, or with `"utf8"` its text. No link and no device that the box has made leads out of it. A relative path
   * starts at the box's working directory. Files can be read until the box is closed, also when it has ended by itself.
   *
   * @throws KontenerError `NOT_FOUND`; `INVALID` for what is no regular file, or is larger than `maxSize`
   */
  async readFile(
    path: string,
    options: "utf8" | (ReadOptions & { encoding: "utf8" }),
  ): Promise<string>;
  async readFile(path: string, options?: ReadOptions): Promise<Uint8Array>;
  async readFile(path: string, options: "utf8" | ReadOptions = {}): Promise<string | Uint8Array> {
    return await this.#engine.files.readFile(
      path,
      options === "utf8" ? { encoding: "utf8" } : options,
    );
  }

  /**
   * Writes a file, in place of one that is there, with the directories that are missing on the way. What is made belongs to
   * the user of the box.
   *
   * @throws KontenerError `INVALID` where something else than a regular file is there
   */
  async writeFile(path: string, data: Input, options: WriteOptions = {}): Promise<void> {
    await this.#engine.files.writeFile(path, data, options);
  }

  /** Makes a directory and those on the way to it, as mkdir -p does; one that is there is no error. */
  async mkdir(path: string, options: { mode?: number } = {}): Promise<void> {
    await this.#engine.files.mkdir(path, options);
  }

  /** Absolute paths that match, in order: `"/work/**" + "/*.txt"`. Links are listed, and not followed. */
  async glob(pattern: string): Promise<string[]> {
    return await this.#engine.files.glob(pattern);
  }

  /**
   * Copies a file or a directory of the host to `path` in the box, which is the copy's own name. It belongs to the user of
   * the box; modes stay, without set-id bits. Returns what was left behind: sockets, devices.
   */
  async copyIn(source: string, path: string, options: CopyOptions = {}): Promise<string[]> {
    return await this.#engine.files.copyIn(source, path, options);
  }

  /**
   * Copies a file or a directory of the box to `destination` on the host, which is the copy's own name. Returns what was left
   * behind: sockets, devices, and links that lead out of the copy.
   *
   * @throws KontenerError `NOT_FOUND`; `INVALID` for more than `maxSize`
   */
  async copyOut(path: string, destination: string, options: CopyOptions = {}): Promise<string[]> {
    return await this.#engine.files.copyOut(path, destination, options);
  }

  /**
   * A second box with the same options and the files that this one has now; from here on each writes for itself. The image is
   * shared; what the box has written is copied, while its processes stand still. Processes and volumes' contents are not
   * copied. The fork has a name and limits of time of its own: none, unless given.
   *
   * @throws KontenerError `UNSUPPORTED` where writable layers are in memory; `ENDED` where the box has ended
   */
  async fork(limits: Pick<BoxOptions, "timeout" | "signal"> = {}): Promise<Box> {
    this.#check();
    return new Box(await this.#engine.fork(), limits);
  }

  /**
   * Makes a new image of the box's root file system as it is now, its processes standing still meanwhile: `container(name)`
   * starts from it. What is in volumes and tmpfs is not part of it. Copies all files, also those of the image.
   *
   * @throws KontenerError `CONFLICT` where there is an image of that name, `INVALID` for what is no name, `ENDED` where the
   *   box has ended
   */
  async commit(name: string): Promise<void> {
    this.#check();
    await this.#engine.commit(name);
  }

  /**
   * What happens in the box from now on: commands that start and exit, and its end, which is the last. Output is not among it:
   * `spawn` has that as streams.
   *
   * ```ts
   * import { container } from "kontener";
   *
   * const box = await container("busybox", { network: "none" });
   * const watching = (async () => {
   *   for await (const event of box.events())
   *     if (event.type === "exit") console.log(event.command.join(" "), event.exitCode);
   * })();
   * await box.exec(["false"]);
   * await box.close();
   * await watching;
   * ```
   */
  events(): ReadableStream<BoxEvent> {
    return this.#events.read();
  }

  /**
   * The port of the host's at which a port of the box is reached, with `publish`: `box.port(80)`, `box.port("53/udp")`.
   *
   * ```ts
   * import { container } from "kontener";
   *
   * await using box = await container("busybox", { publish: [80] });
   * await box.writeFile("/www/index.html", "hello\n");
   * box.spawn(["httpd", "-f", "-h", "/www"], { stdout: "ignore", stderr: "ignore" });
   * console.log(`http://localhost:${box.port(80)}/`);
   * ```
   *
   * @throws KontenerError `NOT_FOUND` for one that is not published
   */
  port(inner: number | string): number {
    const { containerPort, protocol } = parsePort("port", String(inner));
    const found = portsOf(this.id, statePaths()).find(
      (port) => port.containerPort === containerPort && port.protocol === protocol,
    );
    if (found) return found.hostPort;
    throw new KontenerError(`box ${this.name} publishes no port ${containerPort}/${protocol}`, {
      code: "NOT_FOUND",
      hint: `start it with { publish: ["${inner}"] }`,
    });
  }

  /** What the box uses now. Costs a few reads of the kernel's counters, about 0.1 ms. */
  stats(): Stats {
    this.#check();
    return readStats(this.id);
  }

  /** Ends all that runs in the box, and takes away the box with all that it wrote. Idempotent. */
  async close(): Promise<void> {
    this[end]("it was closed");
    forgotten.unregister(this);
    this.#leash[Symbol.dispose]();
    await this.#engine.discard();
  }

  /** {@link close}; of a detached box only this object is closed, and the box goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#engine.detached) return await this.close();
    this[end]("it was left to itself");
    forgotten.unregister(this);
    this.#leash[Symbol.dispose]();
    await this.#engine.letGo();
  }

  #run(command: readonly string[], options: CheckedOptions, gathered: boolean): Run {
    this.#check();
    const job = new CommandJob(this.#engine.container, command, options, this.#groups);
    const run = new Run(job, options, gathered);
    busy.add(this);
    const over = this.#report(run, command).catch(() => undefined);
    this.#running.add(over);
    inBackground(
      over.then(() => {
        this.#running.delete(over);
        if (this.#running.size === 0) busy.delete(this);
      }),
    );
    return run;
  }

  async #report({ started, exited }: Run, command: readonly string[]): Promise<void> {
    const what = { id: ++this.#commands, command };
    await started;
    this.#events.emit({ type: "start", ...what });
    this.#events.emit({ type: "exit", ...what, ...(await exited) });
  }

  /** @internal The first reason counts. */
  [end](reason: string): void {
    if (this.#over !== undefined) return;
    this.#over = reason;
    const last = Promise.all(this.#running); // the commands end first
    inBackground(last.then(() => this.#events.emit({ type: "end", reason })));
  }

  #check(): void {
    if (this.#over === undefined) return;
    throw new KontenerError(`the box ${this.name} has ended: ${this.#over}`, { code: "ENDED" });
  }
}

/**
 * Starts a box: a container without a command of its own, in which others are run.
 *
 * ```ts
 * import { container } from "kontener";
 *
 * await using box = await container("busybox", { memory: "64M", network: "none" });
 * console.log(await box.$`uname -s`.text()); // Linux
 * ```
 *
 * @param image `busybox` and `host` are always there; another that is not here is got from its registry first: `pull`
 * @throws KontenerError `NOT_FOUND` for an image that is not there, `IMAGE` where its registry does not give it, `INVALID` for options that make no sense, `CONFLICT` for
 *   a name that is taken, `UNSUPPORTED` without root; SyscallError where the kernel refused a step
 * @throws the reason of `signal`, where that was aborted
 */
export async function container(image: string, options: BoxOptions = {}): Promise<Box> {
  const wanted = containerOptions(image, options);
  const { timeout, signal, detach = false } = options;
  signal?.throwIfAborted();
  const found = await imageFor(image, imageOptions(options));
  if (detach) return new Box(await BoxEngine.startDetached(wanted, found), {});
  signal?.throwIfAborted();
  const engine = await BoxEngine.start(wanted, found);
  if (signal?.aborted) await engine.discard();
  signal?.throwIfAborted();
  return new Box(engine, {
    ...(timeout === undefined ? {} : { timeout }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/**
 * A box that runs already: one that was started with `detach: true`, or any other container of this host. `await using` leaves
 * it as it is.
 *
 * ```ts
 * import { container } from "kontener";
 *
 * await container("busybox", { name: "cache", network: "none", detach: true }); // in one program
 * const box = await container.get("cache"); // in another one
 * await box.writeFile("/data/a", "1");
 * await box.close(); // or: kontener rm -f cache
 * ```
 *
 * @param name its name, its id, or the beginning of its id
 * @throws KontenerError `NOT_FOUND`; `CONFLICT` where it does not run
 */
container.get = async (name: string): Promise<Box> => new Box(await BoxEngine.find(name), {});
