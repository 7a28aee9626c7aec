import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { Leftovers } from "./leftovers.ts";

describeAsRoot("--restart", () => {
  const engine = new Engine(37);
  const leftovers = new Leftovers(engine);
  const k = async (...args: string[]) => {
    const result = await engine.run(args);
    leftovers.note(result.stdout);
    return result;
  };
  const start = (name: string, policy: string, script: string) =>
    k("run", "-d", "--restart", policy, "--name", name, "busybox", "sh", "-c", script);
  const lives = async (name: string) => (await k("logs", name)).stdout.split("\n").length - 1;
  const infoOf = async (name: string) => JSON.parse((await k("inspect", name)).stdout)[0];

  test("on-failure:2 starts it twice more, and no further", async () => {
    await start("fails", "on-failure:2", "echo life; exit 3");
    await eventually(async () => (await lives("fails")) === 3, 15_000);
    await Bun.sleep(1000);
    expect(await lives("fails")).toBe(3);
    expect((await infoOf("fails")).State).toMatchObject({ Status: "exited", ExitCode: 3 });
    await k("rm", "fails");
    await leftovers.expectNone("on-failure");
  });

  test("on-failure leaves one that ended well alone", async () => {
    await start("well", "on-failure", "echo life; exit 0");
    await Bun.sleep(1000);
    expect(await lives("well")).toBe(1);
    await k("rm", "well");
  });

  test("always brings back one that was killed, until somebody stops it", async () => {
    await start("always", "always", "echo life; sleep 100");
    const { State } = await infoOf("always");
    process.kill(State.Pid, "SIGKILL");
    await eventually(async () => (await lives("always")) === 2, 15_000);
    const again = (await infoOf("always")).State;
    expect(again.Status).toBe("running");
    // As it was the first time: a monitor of no size, and namespaces of its own.
    const parent = Number(
      /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${again.Pid}/status`, "utf8"))![1],
    );
    const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${parent}/smaps_rollup`, "utf8"))![1];
    expect(Number(pss)).toBeLessThan(100);
    expect((await k("exec", "always", "cat", "/proc/1/comm")).stdout).toBe("sleep\n");
    await k("stop", "-t", "0", "always");
    await Bun.sleep(1000);
    expect((await infoOf("always")).State.Status).toBe("exited");
    await k("start", "always");
    expect((await k("rm", "-f", "always")).exitCode).toBe(0);
    await Bun.sleep(500);
    await leftovers.expectNone("always");
  });

  test("a container whose monitor was killed comes back with the next command; one that was stopped does not", async () => {
    await start("orphan", "on-failure", "echo life; sleep 100");
    await start("calm", "no", "echo life; sleep 100");
    const monitorOf = async (name: string) => {
      const { Pid } = (await infoOf(name)).State;
      return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${Pid}/status`, "utf8"))![1]);
    };
    for (const name of ["orphan", "calm"]) process.kill(await monitorOf(name), "SIGKILL");
    await k("ps");
    await eventually(async () => (await lives("orphan")) === 2, 15_000);
    await eventually(async () => (await infoOf("orphan")).State.Status === "running");
    expect((await infoOf("calm")).State).toMatchObject({ Status: "exited", ExitCode: 137 });
    expect(await monitorOf("orphan")).toBeGreaterThan(1);
    // Stopped while nobody looked after it: it stays so.
    process.kill(await monitorOf("orphan"), "SIGKILL");
    await k("stop", "orphan");
    await Bun.sleep(1000);
    expect((await infoOf("orphan")).State.Status).toBe("exited");
    await k("rm", "orphan", "calm");
    await leftovers.expectNone("orphan");
  });

  test("is refused where nobody could keep to it", async () => {
    expect((await k("run", "--restart", "always", "busybox", "true")).stderr).toContain("add -d");
    expect((await k("run", "-d", "--rm", "--restart", "always", "busybox")).stderr).toContain(
      "contradict",
    );
    expect((await k("run", "-d", "--restart", "allways", "busybox")).stderr).toContain("always?");
  });
});
