import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { Leftovers } from "./leftovers.ts";

const parentOf = (pid: number): number =>
  Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);

/** The processes that have something open below a directory, of those with this name. */
const namedWith = (name: string, directory: string): number[] =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(name)) return [];
      const links = [...new Bun.Glob("*").scanSync({ cwd: `/proc/${pid}/fd`, onlyFiles: false })];
      const own = links.some((fd) =>
        Bun.spawnSync(["readlink", `/proc/${pid}/fd/${fd}`])
          .stdout.toString()
          .startsWith(directory),
      );
      return own ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });

describeAsRoot("when something of a detached container dies", () => {
  const engine = new Engine(34);
  const leftovers = new Leftovers(engine);
  const k = async (...args: string[]) => {
    const result = await engine.run(args);
    leftovers.note(result.stdout);
    return result;
  };
  const start = (...more: string[]) =>
    k(
      "run",
      "-d",
      "--name",
      "victim",
      ...more,
      "busybox",
      "sh",
      "-c",
      "while :; do echo x; sleep 0.05; done",
    );
  const pidOf = async (): Promise<number> =>
    JSON.parse((await k("inspect", "victim")).stdout)[0].State.Pid;
  const stateIs = (status: string) => async () =>
    (await k("ps", "-a", "--format", "json")).stdout.includes(status);

  test("its monitor: it ends as well, counts as killed, and the next command cleans up", async () => {
    await start();
    const pid = await pidOf();
    process.kill(parentOf(pid), "SIGKILL");
    await eventually(stateIs("Exited (137)"));
    expect((await k("wait", "victim")).stdout).toBe("137\n");
    expect((await k("logs", "victim")).stdout).toContain("x\n");
    expect((await k("rm", "victim")).exitCode).toBe(0);
    await leftovers.expectNone("monitor");
  });

  test("its PID 1: the monitor notes it", async () => {
    await start("--network", "none");
    process.kill(await pidOf(), "SIGKILL");
    expect((await k("wait", "victim")).stdout).toBe("137\n");
    await k("rm", "victim");
    await leftovers.expectNone("PID 1");
  });

  test("its loggers: it may go on, is stopped and removed like any other", async () => {
    await start("--network", "none");
    await k("logs", "victim");
    for (const pid of namedWith("kontener-logger", engine.directory)) process.kill(pid, "SIGKILL");
    await Bun.sleep(200);
    expect((await k("logs", "victim")).exitCode).toBe(0);
    expect((await k("stop", "-t", "0", "victim")).exitCode).toBe(0);
    await k("rm", "victim");
    await leftovers.expectNone("loggers");
  });

  test("everything at once, as when the kernel runs out of memory", async () => {
    await start();
    const pid = await pidOf();
    for (const each of [...namedWith("kontener", engine.directory), parentOf(pid), pid]) {
      try {
        process.kill(each, "SIGKILL");
      } catch {
        // ended with another one
      }
    }
    await eventually(stateIs("Exited (137)"));
    await k("rm", "victim");
    await leftovers.expectNone("all");
  });

  test("the whole machine: after the reboot it is there, ended; start finds its files", async () => {
    const script = "echo life >> /lives; wc -l < /lives; sleep 100";
    const flags = ["--network", "none", "--name"];
    await k("run", "-d", ...flags, "victim", "busybox", "sh", "-c", script);
    await k("run", "-d", "--rm", ...flags, "brief", "busybox", "sleep", "100");
    await k("create", ...flags, "young", "busybox", "true");
    const front = Bun.spawn(engine.command(["run", ...flags, "front", "busybox", "sleep", "100"]), {
      env: engine.env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await eventually(async () => (await k("ps", "-q")).stdout.split("\n").length === 4);
    const { stdout } = await k("inspect", "victim", "brief", "front");
    const pids = JSON.parse(stdout).map((c: { State: { Pid: number } }) => c.State.Pid);
    front.kill("SIGKILL");
    for (const pid of pids.slice(0, 2)) process.kill(parentOf(pid), "SIGKILL");
    await eventually(() => pids.every((pid: number) => !existsSync(`/proc/${pid}`)));
    // /run and the control groups are the kernel's memory: they are empty then.
    const run = engine.env["KONTENER_RUN"]!;
    for (const id of readdirSync(`${run}/containers`).filter((name) => !name.startsWith(".")))
      await Bun.$`rmdir /sys/fs/cgroup/kontener/${id} /sys/fs/cgroup/*/kontener/${id}`
        .nothrow()
        .quiet();
    rmSync(run, { recursive: true });

    const ps = await k("ps", "-a", "--format", "json");
    const states = ps.stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(states.map(({ Names, State }) => `${Names} ${State}`).toSorted()).toEqual([
      "victim exited",
      "young created",
    ]);
    await k("start", "victim");
    await eventually(async () => (await k("logs", "victim")).stdout === "1\n2\n");
    await k("rm", "-f", "victim", "young");
    await leftovers.expectNone("reboot");
  });
});

describeAsRoot("a disk that is full", () => {
  const engine = new Engine(35);
  const leftovers = new Leftovers(engine);
  const small = `${engine.directory}/small`;
  const env = { KONTENER_RUN: `${small}/run`, KONTENER_LIB: engine.env["KONTENER_LIB"]! };

  test("while the record is written: an error in words, and nothing is left", async () => {
    mkdirSync(small);
    await engine.run(["run", "--network", "none", "busybox", "true"]); // the image
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small]);
    try {
      for (let free = 0; free <= 40; free += 4) {
        mkdirSync(`${small}/run`, { recursive: true });
        const fill = Bun.spawnSync([
          "sh",
          "-c",
          `head -c ${(60 - free) * 1024} /dev/zero > ${small}/fill`,
        ]);
        expect(fill.exitCode).toBeNumber();
        const result = await engine.run(
          ["run", "-d", "--name", "squeezed", "--network", "none", "busybox", "sleep", "100"],
          { env },
        );
        leftovers.note(result.stdout);
        expect(result.stderr).not.toContain("a bug");
        if (result.exitCode !== 0) expect(result.stderr).toMatch(/ENOSPC|no space/i);
        Bun.spawnSync(["rm", `${small}/fill`]);
        await engine.run(["ps"], { env });
        await engine.run(["rm", "-f", "squeezed"], { env });
        expect((await engine.run(["ps", "-aq"], { env })).stdout).toBe("");
        expect(readdirSync(`${small}/run/containers`)).toEqual([]);
      }
    } finally {
      Bun.spawnSync(["umount", small]);
    }
    await leftovers.expectNone("full disk");
  });
});
