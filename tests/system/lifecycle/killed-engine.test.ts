import { expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { describeAsRoot, Engine } from "../support.ts";
import { Leftovers } from "./leftovers.ts";

/**
 * The engine is killed at the door of every system call by which it changes the host, one after the other, as strace(1)
 * can (`--inject`): nothing of kontener takes part in that. The next command must find the host clean, or make it clean.
 */
const strace = Bun.which("strace");
if (!strace) console.error("skipped: killing the engine at each system call needs strace");

const changes =
  "mkdir,mkdirat,rename,renameat,renameat2,symlink,symlinkat,unlink,unlinkat,rmdir,flock,sendto,sendmsg,write,pwrite64,clone,clone3,vfork,setns,memfd_create,pipe2,bpf,pidfd_getfd,pidfd_send_signal";

describeAsRoot("an engine that is killed at any call", () => {
  const engine = new Engine(33);
  const k = async (...args: string[]) => await engine.run(args);
  const leftovers = new Leftovers(engine);
  const trace = `${engine.directory}/trace`;

  /** Runs a command line; with `inject` it is killed there. Returns what strace saw. */
  async function traced(args: string[], inject?: string): Promise<string> {
    rmSync(trace, { force: true });
    const faults = inject === undefined ? [] : ["-e", inject];
    const child = Bun.spawn(
      [strace!, "-o", trace, "-e", `trace=${changes}`, ...faults, "--", ...engine.command(args)],
      { env: engine.env, stdio: ["ignore", "ignore", "ignore"] },
    );
    await child.exited;
    const text = existsSync(trace) ? await Bun.file(trace).text() : "";
    leftovers.note(text);
    return text;
  }

  /**
   * Kills a command line at each of its calls in turn (strace counts each name by itself); after each, `settle` is what a
   * user would do next. Returns the number of calls.
   */
  async function sweep(
    args: string[],
    before: () => Promise<unknown>,
    settle: (call: string) => Promise<unknown>,
  ): Promise<number> {
    await before();
    const names = (await traced(args)).matchAll(/^(\w+)\(/gm);
    await settle("the whole command");
    let killed = 0;
    for (const [name, calls] of Map.groupBy(names, ([, call]) => call!)) {
      for (let n = 1; n <= calls.length; n++) {
        await before();
        const text = await traced(args, `inject=${name}:signal=SIGKILL:when=${n}`);
        await settle(`${name} ${n}`);
        if (text.includes("+++ killed by SIGKILL +++")) killed++;
      }
    }
    return killed;
  }

  /** Looks, removes what may rightly have come to life, and compares. */
  async function expectClean(call: string): Promise<void> {
    const { stdout } = await k("ps", "-aq");
    if (stdout !== "")
      expect([call, (await k("rm", "-f", "victim")).stdout]).toEqual([call, "victim\n"]);
    await leftovers.expectNone(call);
  }
  const nothing = () => Promise.resolve();
  const start = (...more: string[]) =>
    k("run", "-d", "--name", "victim", "--network", "none", ...more, "busybox", "sleep", "100");

  test.skipIf(!strace)(
    "run -d leaves nothing behind, with a network",
    async () => {
      await k("run", "busybox", "true"); // image and bridge stay: they are the host's part
      const calls = await sweep(
        ["run", "-d", "--name", "victim", "busybox", "sleep", "100"],
        nothing,
        expectClean,
      );
      expect(calls).toBeGreaterThan(50);
    },
    300_000,
  );

  test.skipIf(!strace)(
    "run in the foreground leaves nothing behind",
    async () => {
      const calls = await sweep(
        ["run", "--name", "victim", "--network", "none", "busybox", "true"],
        nothing,
        expectClean,
      );
      expect(calls).toBeGreaterThan(40);
    },
    300_000,
  );

  test.skipIf(!strace)(
    "stop and rm -f leave nothing behind",
    async () => {
      expect(
        await sweep(["stop", "-t", "0", "victim"], () => start(), expectClean),
      ).toBeGreaterThan(10);
      expect(await sweep(["rm", "-f", "victim"], () => start(), expectClean)).toBeGreaterThan(10);
    },
    300_000,
  );

  test.skipIf(!strace)(
    "start leaves a container that can be removed, or started again",
    async () => {
      const create = () =>
        k("create", "--name", "victim", "--network", "none", "busybox", "sleep", "100");
      const calls = await sweep(["start", "victim"], create, async (call) => {
        expect([call, (await k("start", "victim")).stdout]).toEqual([call, "victim\n"]);
        await expectClean(call);
      });
      expect(calls).toBeGreaterThan(30);
    },
    300_000,
  );

  test.skipIf(!strace)(
    "exec leaves nothing behind, and the container as it was",
    async () => {
      await start();
      const calls = await sweep(["exec", "victim", "true"], nothing, async (call) => {
        await k("ps");
        const { stdout } = await k("exec", "victim", "cat", "/proc/1/comm");
        expect([call, stdout]).toEqual([call, "sleep\n"]);
      });
      expect(calls).toBeGreaterThan(5);
      await expectClean("exec");
    },
    300_000,
  );
});
