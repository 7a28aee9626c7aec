import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { describeAsRoot, Engine, eventually, expectAsBefore, hostPicture } from "./support.ts";

describeAsRoot("nothing is left behind", () => {
  const engine = new Engine(15);

  test("after 1,000 starts in a row, and 200 that come 50 at a time", async () => {
    await engine.run(["run", "busybox", "true"]); // the bridge stays: it is the host's part
    const before = hostPicture(engine);
    // In one process, so that its descriptors can be counted as well.
    const script = `${import.meta.dir}/many-starts.ts`;
    const child = Bun.spawn([process.execPath, script, "1000", "200", "50"], {
      env: engine.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = await Promise.all([child.stdout.text(), child.exited]);
    const { failures, descriptors } = JSON.parse(text);
    expect(failures).toEqual([]);
    expect(descriptors.after).toBe(descriptors.before);
    await expectAsBefore(engine, before);
  }, 240_000);

  test("after two hundred boxes at once, each of which did its own work", async () => {
    const before = hostPicture(engine);
    const child = Bun.spawn([process.execPath, `${import.meta.dir}/many-boxes.ts`, "200"], {
      env: engine.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = await Promise.all([child.stdout.text(), child.exited]);
    expect(JSON.parse(text)).toEqual({ alive: 200, wrong: [] });
    await expectAsBefore(engine, before);
  }, 240_000);

  test("after the engine was killed at any moment, the next start cleans up", async () => {
    await engine.run(["run", "busybox", "true"]);
    const before = hostPicture(engine);
    for (const delay of [20, 40, 60, 80, 100, 130, 160, 250]) {
      const child = Bun.spawn(
        engine.command(["run", "--name", "victim", "busybox", "sleep", "30"]),
        {
          env: engine.env,
          stdio: ["ignore", "ignore", "ignore"],
        },
      );
      await Bun.sleep(delay);
      child.kill("SIGKILL");
      await child.exited;
    }
    const { exitCode } = await engine.run(["run", "--name", "victim", "busybox", "true"]);
    expect(exitCode).toBe(0);
    await expectAsBefore(engine, before);
  });

  test("after PID 1 or the monitor was killed", async () => {
    const before = hostPicture(engine);
    for (const victim of ["monitor", "init"]) {
      const child = Bun.spawn(
        engine.command(["run", "--network", "none", "busybox", "sleep", "30"]),
        {
          env: engine.env,
          stdio: ["ignore", "ignore", "ignore"],
        },
      );
      const childOf = (pid: number) =>
        readdirSync(`/proc/${pid}/task`).flatMap((task) => {
          const text = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8");
          return text.trim().split(" ").filter(Boolean).map(Number);
        })[0];
      let pid: number | undefined;
      await eventually(() => {
        const monitor = childOf(child.pid);
        pid = monitor === undefined || victim === "monitor" ? monitor : childOf(monitor);
        return pid !== undefined;
      });
      await Bun.sleep(200);
      process.kill(pid!, "SIGKILL");
      expect(await child.exited).toBe(137);
    }
    await expectAsBefore(engine, before);
  });
});
