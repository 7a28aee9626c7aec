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

  test("is refused where nobody could keep to it", async () => {
    expect((await k("run", "--restart", "always", "busybox", "true")).stderr).toContain("add -d");
    expect((await k("run", "-d", "--rm", "--restart", "always", "busybox")).stderr).toContain(
      "contradict",
    );
    expect((await k("run", "-d", "--restart", "allways", "busybox")).stderr).toContain("always?");
  });
});
