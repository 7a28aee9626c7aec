import { beforeAll, expect, test } from "bun:test";
import { describeAsRoot, Engine } from "../support.ts";
import { Faults, strace } from "./faults.ts";
import { Leftovers } from "./leftovers.ts";

/**
 * The engine is killed at the door of every system call by which it changes the host, one after the other, as strace(1)
 * can (`--inject`): nothing of kontener takes part in that. The next command must find the host clean, or make it clean.
 */
describeAsRoot("an engine that is killed at any call", () => {
  const engine = new Engine(33);
  beforeAll(() => engine.build());
  const k = async (...args: string[]) => await engine.run(args);
  const leftovers = new Leftovers(engine);
  const faults = new Faults(engine, (text) => leftovers.note(text));
  const sweep: Faults["kill"] = async (...work) => await faults.kill(...work);

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
    "run -d leaves nothing behind, with published ports and a network of the user's",
    async () => {
      await k("network", "create", "blue");
      const networks = ["--network", "bridge", "--network", "blue", "-p", "39333:80"];
      await k("run", ...networks, "busybox", "true"); // both bridges stay
      const work = ["run", "-d", "--name", "victim", ...networks, "busybox", "sleep", "100"];
      expect(await sweep(work, nothing, expectClean)).toBeGreaterThan(80);
      const removal = await sweep(["rm", "-f", "victim"], () => k(...work), expectClean);
      expect(removal).toBeGreaterThan(10);
    },
    600_000,
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
