import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { encodeRequest } from "../../../src/launch/reference/request.ts";
import { annotations } from "../../../src/oci/annotations.ts";
import { isRoot, World } from "./world.ts";

const engine = new URL("./fixtures/engine.ts", import.meta.url).pathname;

const parentOf = (pid: number): number =>
  Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);

/** An orphan that has ended may wait for the host's init to reap it. */
const isZombie = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/status`, "utf8").includes("State:\tZ");

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 200; i++) {
    if (!existsSync(`/proc/${pid}`) || isZombie(pid)) return true;
    await Bun.sleep(10);
  }
  return false;
}

/** Starts a container in an engine of its own. */
async function start(world: World, executor: string, init = false) {
  const spec = world.spec(["sleep", "1000"]);
  if (init) spec.annotations![annotations.init] = "true";
  const file = `${world.path}/plan`;
  writeFileSync(file, encodeRequest({ plan: world.plan(spec), narrate: false, ask: false }));
  const process = Bun.spawn(["bun", engine, file, executor], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const chunk of process.stdout) {
    const first = Number(Buffer.from(chunk).toString());
    return { process, first, monitor: parentOf(first) };
  }
  throw new Error("the container did not start");
}

for (const executor of ["launcher", "reference"]) {
  describe.skipIf(!isRoot)(`a container of the ${executor}`, () => {
    test("ends with its engine, however that ends, and its monitor with it", async () => {
      using world = new World();
      const { process, first, monitor } = await start(world, executor);
      expect(parentOf(monitor)).toBe(process.pid);
      process.kill("SIGKILL");
      expect([await gone(first), await gone(monitor)]).toEqual([true, true]);
    });

    test("ends with its monitor; the engine sees it killed", async () => {
      using world = new World();
      const { process: engine, first, monitor } = await start(world, executor);
      process.kill(monitor, "SIGKILL");
      expect(await gone(first)).toBe(true);
      expect(await engine.exited).toBe(0);
    });

    test("with a reaper as PID 1 it ends with its engine too", async () => {
      using world = new World();
      const { process, first, monitor } = await start(world, executor, true);
      process.kill("SIGKILL");
      expect([await gone(first), await gone(monitor)]).toEqual([true, true]);
    });
  });
}
