import { invalid } from "../abi/error.ts";
import { signalName, signals, type Signal } from "../abi/signal.ts";
import type { Ended } from "../abi/wait.ts";
import type { Launched, Stdio } from "../launch/launch.ts";
import { DEFAULT_MAX_OUTPUT, type CheckedOptions } from "./command-options.ts";
import { Leash } from "./leash.ts";
import { Output, type Result } from "./output.ts";
import { ProcessHandle } from "./process-handle.ts";
import { feed, pipeSink, Stdin, type Sink } from "./stdin.ts";
import { capture, laterStream, splitLines, type ByteStream } from "./streams.ts";
import { Terminal, type TerminalSize } from "./terminal.ts";
import { inBackground } from "./warn.ts";

/** What the kernel says at a command's end. */
export type End = Ended & {
  cpuTime: number | undefined;
  memoryPeak: number | undefined;
  oomKilled: boolean;
};

export type Hooks = {
  stdio: Stdio;
  spawned(monitor: Launched): void;
  /** Takes the terminal's outer end, descriptor `fd` of process `pid`. */
  terminal(pid: number, fd: number): void;
  /** Signals for the command go to process `pid` of the host. */
  signalsTo(pid: number): void;
  /** The command runs. */
  executed(): void;
};

/** Something that runs once: a command in a box, or a container with a command of its own. */
export type Job = {
  /** Starts it and waits for its end. */
  execute(hooks: Hooks): Promise<End>;
  /** Ends all that it has started. May be called at any time, and more than once. */
  kill(): Promise<void>;
};

/**
 * A command that runs. It ends with its box, and with this process.
 *
 * ```ts
 * import { container } from "kontener";
 *
 * await using box = await container("busybox", { network: "none" });
 * const run = box.spawn(["sh", "-c", "echo one; echo two; exit 3"], { timeout: "5s" });
 * for await (const line of run.lines()) console.log(line);
 * const { exitCode, usage } = await run.exited; // 3
 * console.log(exitCode, usage.wallTime);
 * ```
 */
export class Run {
  /**
   * Fulfilled when the command has ended. Rejected with a KontenerError where it could not be started (`NOT_FOUND`: no such
   * command), and with the signal's reason where it was aborted.
   */
  readonly exited: Promise<Result>;
  /** Fulfilled when the command runs, or was killed before it did; rejected as `exited` is. */
  readonly started: Promise<void>;
  /** What it prints; has to be read where it is `"pipe"`. Ends when the last process that has it open has ended. */
  readonly stdout: ByteStream;
  /** What it prints to standard error; as `stdout`. */
  readonly stderr: ByteStream;
  /** Its standard input, with `stdin: "pipe"`. */
  readonly stdin: Stdin;

  readonly #job: Job;
  readonly #leash: Leash;
  readonly #handle = new ProcessHandle();
  readonly #ends = Promise.withResolvers<Ends>();
  #terminal: Terminal | undefined;
  readonly #running = Promise.withResolvers<void>();
  #doomed = false;
  #badInput: unknown;

  /** @internal `gathered`: {@link collect} will be called, which takes the leash off. */
  constructor(job: Job, options: CheckedOptions, gathered = false) {
    this.#job = job;
    this.started = this.#running.promise;
    const ends = this.#ends.promise;
    this.stdout = laterStream(ends.then(({ stdout }) => stdout));
    this.stderr = laterStream(ends.then(({ stderr }) => stderr));
    this.stdin = new Stdin(ends.then(({ stdin }) => stdin));
    this.#leash = new Leash(options, () => this.#end());
    this.exited = this.#live(options, gathered);
    // All three tell of a start that failed; who asks one of them need not ask the others.
    for (const promise of [this.exited, ends, this.started]) promise.catch(() => {});
  }

  /**
   * Lines of what it prints as they come, without their ends. Throws where the command could not be started. Who leaves the
   * loop early closes the pipe.
   */
  async *lines(from: "stdout" | "stderr" = "stdout"): AsyncGenerator<string, void, undefined> {
    yield* splitLines(this[from]);
    await this.started;
  }

  /** What it prints, to its end. Throws where the command could not be started. */
  async text(from: "stdout" | "stderr" = "stdout"): Promise<string> {
    const bytes = await capture(this[from], Infinity, () => undefined);
    await this.started;
    return new TextDecoder().decode(bytes);
  }

  /**
   * Without a signal: ends the command and all that it started, at once. With one: sends it to the command alone, as soon as
   * that runs. A command that has ended is left alone.
   *
   * @throws KontenerError `INVALID` for what is no signal's name
   */
  async kill(signal?: Signal): Promise<void> {
    if (signal === undefined) return await this.#end();
    if (!Object.hasOwn(signals, signal)) throw invalid(`${String(signal)} is not a signal`);
    await this.started.catch(() => undefined);
    this.#handle.send(signal);
  }

  /** A new size for the command's terminal; without one nothing happens. */
  resize(size: TerminalSize): void {
    this.#terminal?.resize(size);
  }

  /** @internal Gathers what it prints, and waits for its end. */
  async collect(limit = DEFAULT_MAX_OUTPUT): Promise<Output> {
    using leash = this.#leash; // until the outputs end as well: a process in the background may hold them open
    let truncated = false;
    const full = () => {
      if (!truncated) inBackground(this.#end());
      truncated = true;
    };
    const read = async (stream: ByteStream) =>
      await capture(stream, limit, full).catch(() => new Uint8Array()); // `exited` says why
    const outputs = Promise.all([read(this.stdout), read(this.stderr)]);
    const result = await this.exited;
    const [stdout, stderr] = await outputs;
    leash.throwIfAborted();
    return new Output({ ...result, timedOut: leash.timedOut }, stdout, stderr, truncated);
  }

  async #live(options: CheckedOptions, gathered: boolean): Promise<Result> {
    const start = performance.now();
    try {
      this.#leash.throwIfAborted();
      const end = await this.#job.execute(this.#hooks(options));
      this.#leash.throwIfAborted();
      if (this.#badInput !== undefined) throw this.#badInput;
      return this.#result(end, performance.now() - start);
    } catch (error) {
      this.#ends.reject(error);
      this.#running.reject(error);
      throw error;
    } finally {
      if (!gathered) this.#leash[Symbol.dispose]();
      this.#handle.close();
      this.#running.resolve(); // killed before it ran
      void this.stdin.end().catch(() => undefined);
    }
  }

  #hooks({ stdin, stdout, stderr, input, terminal: size }: CheckedOptions): Hooks {
    const connect = (ends: Ends): void => {
      this.#ends.resolve(ends);
      if (input !== undefined) inBackground(this.#feed(input));
    };
    const first = input === undefined ? (stdin ?? "ignore") : "pipe";
    return {
      stdio: size ? ["ignore", "ignore", "ignore"] : [first, stdout ?? "pipe", stderr ?? "pipe"],
      spawned(monitor) {
        if (!size) connect(pipesOf(monitor));
      },
      terminal: (pid, fd) => {
        if (!size) return;
        const terminal = new Terminal(pid, fd, size);
        this.#terminal = terminal;
        connect({ stdin: terminal, stdout: terminal.stdout, stderr: nothing() });
      },
      signalsTo: (pid) => this.#handle.open(pid),
      executed: () => {
        this.#running.resolve();
        if (this.#doomed) inBackground(this.#end()); // it was too early for that before
      },
    };
  }

  #result(end: End, wallTime: number): Result {
    const { code, signal, oomKilled, cpuTime, memoryPeak } = end;
    return {
      exitCode: code,
      signal: signal === null ? null : signalName(signal),
      oomKilled,
      timedOut: this.#leash.timedOut,
      usage: { cpuTime, memoryPeak, wallTime },
    };
  }

  async #feed(input: NonNullable<CheckedOptions["input"]>): Promise<void> {
    try {
      await feed(this.stdin, input);
    } catch (error) {
      this.#badInput = error; // a stream of the caller's that broke: half an input is not what was meant
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    this.#doomed = true;
    this.#handle.send("SIGKILL"); // also where this host has no control group to find the others by
    await this.#job.kill();
  }
}

/** The caller's ends of a command's standard descriptors. */
type Ends = { stdin: Sink | undefined; stdout: ByteStream; stderr: ByteStream };

const nothing = (): ByteStream => new Blob([]).stream();
const asStream = (stream: Launched["stdout"]): ByteStream =>
  stream instanceof ReadableStream ? (stream as ByteStream) : nothing();

const pipesOf = ({ stdin, stdout, stderr }: Launched): Ends => ({
  stdin: typeof stdin === "object" ? pipeSink(stdin) : undefined,
  stdout: asStream(stdout),
  stderr: asStream(stderr),
});
