import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { Leftovers } from "./leftovers.ts";

describeAsRoot("the upkeep of containers", () => {
  const engine = new Engine(36);
  const leftovers = new Leftovers(engine);
  const k = async (...args: string[]) => {
    const result = await engine.run(args);
    leftovers.note(result.stdout);
    return result;
  };
  const background = (name: string, ...more: string[]) =>
    k("run", "-d", "--name", name, "--network", "none", ...more);

  test("update changes the limits of a running container, and of its next life", async () => {
    await background("limited", "-m", "64m", "busybox", "sleep", "100");
    const limitInside = async () =>
      Number(
        (
          await k(
            "exec",
            "limited",
            "sh",
            "-c",
            "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null",
          )
        ).stdout,
      );
    expect(await limitInside()).toBe(64 * 2 ** 20);
    expect((await k("update", "-m", "96m", "--pids-limit", "50", "limited")).stdout).toBe(
      "limited\n",
    );
    expect(await limitInside()).toBe(96 * 2 ** 20);
    await k("restart", "-t", "0", "limited");
    expect(await limitInside()).toBe(96 * 2 ** 20);
    expect((await k("update", "limited")).exitCode).toBe(125);
    expect((await k("update", "-m", "1k", "limited")).stderr).toContain("too small");
    await k("rm", "-f", "limited");
  });

  test("diff tells what was added, changed and deleted", async () => {
    const script = "echo x > /added; rm /etc/passwd; echo y >> /etc/group; mkdir -p /d/e";
    await background("differs", "busybox", "sh", "-c", script);
    await k("wait", "differs");
    const { stdout } = await k("diff", "differs");
    const lines = stdout.trim().split("\n");
    for (const line of ["A /added", "A /d", "A /d/e", "C /etc", "C /etc/group", "D /etc/passwd"])
      expect(lines).toContain(line);
    await k("rm", "differs");
  });

  test("container prune removes what does not run, container gc what nobody looks after", async () => {
    const { stdout: id } = await background("done", "busybox", "true");
    await background("runs", "busybox", "sleep", "100");
    await k("wait", "done");
    expect((await k("container", "prune")).stdout).toBe(id);
    const front = Bun.spawn(
      engine.command(["run", "--name", "lost", "--network", "none", "busybox", "sleep", "100"]),
      { env: engine.env, stdio: ["ignore", "ignore", "ignore"] },
    );
    await eventually(async () => (await k("ps", "-q", "--filter", "name=lost")).stdout !== "");
    front.kill("SIGKILL");
    await front.exited;
    await eventually(async () => (await k("container", "gc", "--dry-run")).stdout.includes("lost"));
    expect((await k("container", "gc")).stdout).toMatch(/^removed \w+ lost/);
    expect((await k("container", "gc")).stdout).toBe("nothing to do\n");
    await k("rm", "-f", "runs");
    await leftovers.expectNone("prune and gc");
  });

  test("thirty clients start, stop and remove the same ten names: none hangs, none is lost", async () => {
    const client = async (i: number) => {
      const name = `shared${i % 10}`;
      const results = [await background(name, "busybox", "sh", "-c", `exit ${i % 10}`)];
      results.push(
        await k("wait", name),
        await k("stop", "-t", "0", name),
        await k("rm", "-f", name),
      );
      return results;
    };
    const all = (await Promise.all(Array.from({ length: 30 }, (_, i) => client(i)))).flat();
    for (const { stderr } of all)
      expect(stderr).toMatch(
        /^$|is taken by|there is no container|has been removed meanwhile|is held by/,
      );
    await k("ps");
    await k("rm", "-f", ...Array.from({ length: 10 }, (_, i) => `shared${i}`));
    expect((await k("ps", "-aq")).stdout).toBe("");
    await leftovers.expectNone("thirty clients");
  });

  test("fifty at once, each with its own exit code and output", async () => {
    const names = Array.from({ length: 50 }, (_, i) => `many${i}`);
    await Promise.all(
      names.map((name, i) => background(name, "busybox", "sh", "-c", `echo ${i}; exit ${i}`)),
    );
    const waited = await k("wait", ...names);
    expect(waited.stdout).toBe(names.map((_, i) => `${i}\n`).join(""));
    const logs = await Promise.all(names.map((name) => k("logs", name)));
    expect(logs.map(({ stdout }) => stdout)).toEqual(names.map((_, i) => `${i}\n`));
    await k("rm", ...names);
    await leftovers.expectNone("fifty");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(engine.directory);
  });
});
