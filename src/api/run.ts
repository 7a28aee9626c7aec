import { invalid } from "../abi/error.ts";
import type { Container } from "../engine/container.ts";
import type { Image } from "../image/image.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { checkCommand, checkCommandOptions, type ExecOptions } from "./command-options.ts";
import { imageFor } from "./image.ts";
import { containerOptions, imageOptions, type BoxOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { Run, type End, type Hooks, type Job } from "./process.ts";
import { discard, start } from "./start.ts";

/** What the box is like, and how its one command is run. */
export type RunOptions = Omit<BoxOptions, "detach"> & Pick<ExecOptions, "input" | "maxOutput">;

/**
 * Runs one command in a container of its own, and waits for its end. Nothing is left afterwards. A command that fails is no
 * error: see `exitCode`.
 *
 * ```ts
 * import { run } from "kontener";
 *
 * const { stdout, exitCode, usage } = await run("busybox", ["wc", "-c"], {
 *   input: "hello",
 *   network: "none",
 *   timeout: "10s",
 * });
 * console.log(stdout, exitCode, usage.memoryPeak); // 5, 0
 * ```
 *
 * @param image `busybox` and `host` are always there; another that is not here is got from its registry first: `pull`
 * @param command words; the first is looked up in the PATH of the box. Left out: the image's own
 * @throws KontenerError `NOT_FOUND` for an image or a command that is not there, `INVALID` for options that make no sense,
 *   `UNSUPPORTED` without root; SyscallError where the kernel refused a step
 * @throws the reason of `signal`, where that was aborted
 */
export async function run(
  image: string,
  command?: readonly string[],
  options: RunOptions = {},
): Promise<Output> {
  if (command !== undefined) checkCommand(command);
  if ("detach" in options)
    throw invalid(
      "detach: run waits for its command's end",
      "container(image, { detach: true }) starts a box that stays",
    );
  const { input, maxOutput, ...boxOptions } = options;
  const wanted = containerOptions(image, boxOptions);
  const { timeout, signal } = options;
  const commandOptions = checkCommandOptions(
    withoutUndefined({ input, maxOutput, timeout, signal }),
  );
  signal?.throwIfAborted();
  const found = await imageFor(image, imageOptions(options));
  const job = new Whole({ ...wanted, ...(command ? { command: [...command] } : {}) }, found);
  return await new Run(job, commandOptions, true).collect(maxOutput);
}

/** A container whose PID 1 is the command. */
class Whole implements Job {
  readonly #options;
  readonly #image;
  #container: Container | undefined;

  constructor(options: ContainerOptions, image: Image) {
    this.#options = options;
    this.#image = image;
  }

  async execute({ executed, ...hooks }: Hooks): Promise<End> {
    const container = await start(this.#options, this.#image, hooks);
    this.#container = container;
    let over = false;
    try {
      executed();
      const ended = await container.ended;
      over = true;
      const { cpuTimeUsec, memoryPeak, oomKills = 0 } = container.usage();
      return { ...ended, cpuTime: cpuTimeUsec, memoryPeak, oomKilled: oomKills > 0 };
    } finally {
      await discard(container, over);
    }
  }

  async kill(): Promise<void> {
    await this.#container?.kill();
  }
}

function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
