import { CommandError } from "./command-error.ts";
import { checkCommandOptions, type CheckedOptions, type ExecOptions } from "./command-options.ts";
import type { Duration } from "./duration.ts";
import { Output } from "./output.ts";
import type { Run } from "./process.ts";
import { shellText, type ShellValue } from "./quote.ts";
import type { Input } from "./stdin.ts";

const NOTHING = new Uint8Array();

/** `` box.$`command` ``: see {@link ShellCommand}. */
export type Shell = (
  pieces: TemplateStringsArray,
  ...values: readonly ShellValue[]
) => ShellCommand;

/** How a command is started: by the box. */
export type Starter = (
  command: readonly string[],
  options: CheckedOptions,
  gathered: boolean,
) => Run;

/**
 * A command for the shell of the box, `/bin/sh -c`. It starts when it is first awaited or read, so that what is chained to it
 * counts; awaited, it gives an {@link Output}, or throws a {@link CommandError} where its exit code is not 0. As in zx,
 * escapes of the template are JavaScript's: `\\n` reaches the shell as `\n`.
 *
 * ```ts
 * import { container } from "kontener";
 *
 * await using box = await container("busybox", { network: "none" });
 * const files = ["a b.txt", "$(reboot).txt"];
 * await box.$`touch ${files} && ls`.cwd("/tmp"); // two files of just these names
 * const { size } = await box.$`echo '{"size": 3}'`.json<{ size: number }>();
 * for await (const line of box.$`seq ${size}`.lines()) console.log(line);
 * const { exitCode } = await box.$`grep -q root /etc/shadow`.nothrow();
 * console.log(exitCode);
 * ```
 */
export class ShellCommand implements PromiseLike<Output> {
  readonly #text: string;
  readonly #start: Starter;
  readonly #options: ExecOptions = {};
  #throws = true;
  #echoes = false;
  #output: Promise<Output> | undefined;

  /** @internal */
  constructor(text: string, start: Starter) {
    this.#text = text;
    this.#start = start;
  }

  /** Working directory; absolute. Default: the box's. */
  cwd(directory: string): this {
    this.#options.cwd = directory;
    return this;
  }

  /** Environment variables, added to the box's. */
  env(variables: Record<string, string>): this {
    this.#options.env = { ...this.#options.env, ...variables };
    return this;
  }

  /** The user in the box, `name|uid[:group|gid]`. */
  user(user: string): this {
    this.#options.user = user;
    return this;
  }

  /** Kills the command and all that it started after this time. */
  timeout(time: Duration): this {
    this.#options.timeout = time;
    return this;
  }

  /** Kills the command and all that it started when it is aborted. */
  signal(signal: AbortSignal): this {
    this.#options.signal = signal;
    return this;
  }

  /** Written to standard input. Default: nothing, the end of the file. */
  input(input: Input): this {
    this.#options.input = input;
    return this;
  }

  /** An exit code that is not 0 is no error. */
  nothrow(): this {
    this.#throws = false;
    return this;
  }

  /** Print to this process's own outputs as well, once the command has ended. */
  verbose(): this {
    this.#echoes = true;
    return this;
  }

  /** Print nothing: the default, as in zx. */
  quiet(): this {
    this.#echoes = false;
    return this;
  }

  /** Standard output as text. */
  async text(): Promise<string> {
    return (await this).text();
  }

  /** Standard output as JSON. */
  async json<T = unknown>(): Promise<T> {
    return (await this).json<T>();
  }

  /** Standard output's bytes. */
  async bytes(): Promise<Uint8Array> {
    return (await this).bytes();
  }

  /** Lines of standard output as they come. Throws at the end where the command has failed. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    const run = this.#start(this.#command(), { ...this.#checked(), stderr: "ignore" }, false);
    try {
      yield* run.lines();
    } finally {
      await run.kill(); // the reader may have had enough
    }
    const result = await run.exited;
    if (this.#throws && result.exitCode !== 0)
      throw new CommandError(this.#text, new Output(result, NOTHING, NOTHING, false));
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is awaited
  then<A = Output, B = never>(
    fulfilled?: ((output: Output) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#output ??= this.#execute();
    return this.#output.then(fulfilled, rejected);
  }

  async catch<B = never>(rejected: (error: unknown) => B | PromiseLike<B>): Promise<Output | B> {
    return await this.then(undefined, rejected);
  }

  async finally(done: () => void): Promise<Output> {
    return await this.then().finally(done);
  }

  async #execute(): Promise<Output> {
    const output = await this.#start(this.#command(), this.#checked(), true).collect();
    if (this.#echoes) {
      process.stdout.write(output.stdout);
      process.stderr.write(output.stderr);
    }
    if (this.#throws && (output.exitCode !== 0 || output.timedOut || output.truncated))
      throw new CommandError(this.#text, output);
    return output;
  }

  #command = (): string[] => ["/bin/sh", "-c", this.#text];
  #checked = (): CheckedOptions => checkCommandOptions(this.#options);
}

export const shellOf =
  (start: Starter): Shell =>
  (pieces, ...values) =>
    new ShellCommand(shellText(pieces, values), start);
