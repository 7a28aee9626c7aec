import { existsSync, rmdirSync } from "node:fs";
import { readLayout } from "../cgroup/host.ts";
import { killCgroup } from "../cgroup/kill.ts";
import { readUsage } from "../cgroup/stats.ts";
import { subgroupTree } from "../cgroup/subgroup.ts";
import { newId } from "../engine/id.ts";
import { execIn } from "../engine/exec.ts";
import { cgroupPath } from "../engine/remove.ts";
import type { Container } from "../engine/container.ts";
import type { CheckedOptions } from "./command-options.ts";
import type { End, Hooks, Job } from "./process.ts";
import { warn } from "./warn.ts";

/**
 * A command in a box, in a control group of its own inside the box's: what it starts cannot leave that, by no fork, session
 * or new parent, so all of it can be killed and counted.
 */
export class CommandJob implements Job {
  readonly #container: Container;
  readonly #command: readonly string[];
  readonly #options: CheckedOptions;
  readonly #layout = readLayout();
  readonly #name = `command-${newId()}`;
  readonly #box: string;
  readonly #group: string;
  /** Groups of commands of this box whose processes in the background still ran when the command had ended. */
  readonly #left: Set<string>;

  constructor(
    container: Container,
    command: readonly string[],
    options: CheckedOptions,
    left: Set<string>,
  ) {
    this.#container = container;
    this.#command = command;
    this.#options = options;
    this.#left = left;
    this.#box = cgroupPath(container.record.id);
    this.#group = `${this.#box}/${this.#name}`;
  }

  async execute(hooks: Hooks): Promise<End> {
    const { cwd, env, user, terminal } = this.#options;
    const before = this.#usage();
    try {
      const ended = await execIn({
        container: this.#container,
        exec: {
          command: this.#command,
          ...(env ? { env } : {}),
          ...(cwd === undefined ? {} : { workdir: cwd }),
          ...(user === undefined ? {} : { user }),
          tty: terminal !== undefined,
        },
        ...hooks,
        group: this.#name,
        observer: { warn },
      });
      const after = this.#usage();
      return {
        ...ended,
        cpuTime: this.#cpuTime() ?? difference(after.cpuTimeUsec, before.cpuTimeUsec),
        memoryPeak: after.memoryPeak,
        oomKilled: (after.oomKills ?? 0) > (before.oomKills ?? 0),
      };
    } finally {
      this.#sweep();
    }
  }

  async kill(): Promise<void> {
    try {
      await killCgroup(this.#layout, this.#group);
    } catch (error) {
      const tree = subgroupTree(this.#layout);
      if (tree && existsSync(`${tree.mount}${this.#group}`)) throw error; // else it has ended meanwhile
    }
  }

  #usage() {
    return readUsage(this.#layout, this.#box, ["oomKills", "memoryPeak", "cpuTimeUsec"]);
  }

  /** In the unified tree the kernel counts for each group by itself. */
  #cpuTime(): number | undefined {
    return this.#layout.unified
      ? readUsage(this.#layout, this.#group, ["cpuTimeUsec"]).cpuTimeUsec
      : undefined;
  }

  /** Removes the groups in which nothing runs any more; the box's end takes the others. */
  #sweep(): void {
    const tree = subgroupTree(this.#layout);
    if (!tree) return;
    this.#left.add(this.#group);
    for (const group of this.#left) {
      try {
        rmdirSync(`${tree.mount}${group}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EBUSY") continue;
      }
      this.#left.delete(group);
    }
  }
}

const difference = (after: number | undefined, before: number | undefined): number | undefined =>
  after === undefined || before === undefined ? undefined : after - before;
