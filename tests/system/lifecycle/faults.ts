import { existsSync, rmSync } from "node:fs";
import type { Engine } from "../support.ts";

/** strace(1) can kill a process at the door of a call, or answer in the kernel's place: nothing of kontener takes part. */
export const strace = Bun.which("strace");
if (!strace) console.error("skipped: faults at single system calls need strace");

/** The calls by which an engine changes the host. */
const changes =
  "mkdir,mkdirat,rename,renameat,renameat2,symlink,symlinkat,unlink,unlinkat,rmdir,flock,sendto,sendmsg,write,pwrite64,clone,clone3,vfork,setns,memfd_create,pipe2,bpf,pidfd_getfd,pidfd_send_signal";

export type Traced = { trace: string; stderr: string; exitCode: number };

/** Runs an engine's command lines with a fault at one call after the other. `note` is told of what strace saw. */
export class Faults {
  readonly #engine: Engine;
  readonly #note: (trace: string) => void;

  constructor(engine: Engine, note: (trace: string) => void) {
    this.#engine = engine;
    this.#note = note;
  }

  /** Runs a command line, with `inject` as strace's option says (`mkdirat:error=ENOMEM:when=3`). */
  async trace(args: string[], inject?: string, calls = changes): Promise<Traced> {
    const file = `${this.#engine.directory}/trace`;
    rmSync(file, { force: true });
    const faults = inject === undefined ? [] : ["-e", `inject=${inject}`];
    const command = this.#engine.command(args);
    const child = Bun.spawn(
      [strace!, "-o", file, "-e", `trace=${calls}`, ...faults, "--", ...command],
      {
        env: this.#engine.env,
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    const [stderr, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
    const trace = existsSync(file) ? await Bun.file(file).text() : "";
    this.#note(trace);
    return { trace, stderr, exitCode };
  }

  /**
   * Kills a command line at each of its calls in turn (strace counts each name by itself); after each, `settle` is what a
   * user would do next. Returns how often it was killed.
   */
  async kill(
    args: string[],
    before: () => Promise<unknown>,
    settle: (call: string) => Promise<unknown>,
  ): Promise<number> {
    await before();
    const made = (await this.trace(args)).trace.split("\n").filter((line) => /^\w+\(/.test(line));
    await settle("the whole command");
    let killed = 0;
    for (const [name, calls] of Map.groupBy(made, (line) => line.slice(0, line.indexOf("(")))) {
      for (let n = 1; n <= calls.length; n++) {
        // A list of devices is written rule by rule: the first and the last stand for those between.
        const [last, now, next] = [n - 2, n - 1, n].map((i) => calls[i]?.split(",")[0]);
        if (name === "pwrite64" && last === now && now === next) continue;
        await before();
        const { trace } = await this.trace(args, `${name}:signal=SIGKILL:when=${n}`);
        await settle(`${name} ${n}`);
        if (trace.includes("+++ killed by SIGKILL +++")) killed++;
      }
    }
    return killed;
  }
}
