import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { Leftovers } from "./leftovers.ts";

describeAsRoot("health checks", () => {
  const engine = new Engine(190);
  const leftovers = new Leftovers(engine);
  const k = async (...args: string[]) => {
    const result = await engine.run(args);
    leftovers.note(result.stdout);
    return result;
  };
  const start = async (name: string, probe: string, ...flags: string[]) => {
    const command = ["run", "-d", "--network", "none", "--name", name, "--health-cmd", probe];
    const { stdout, stderr } = await k(...command, ...flags, "busybox", "sleep", "1000");
    expect(stderr).toBe("");
    return stdout.trim();
  };
  const healthOf = async (name: string) => {
    const { stdout } = await k("inspect", name);
    return JSON.parse(stdout)[0].State.Health;
  };
  const becomes = async (name: string, status: string) =>
    await eventually(async () => (await healthOf(name)).Status === status, 20_000);
  const often = ["--health-interval", "100ms", "--health-retries", "2"];
  /** Processes whose command has this word. */
  const running = (word: string): number[] =>
    readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(word);
        } catch {
          return false;
        }
      })
      .map(Number);
  /** Who looks after a container's health: the process that has its lock open. */
  const watchers = (id: string): number[] => {
    const { stdout } = Bun.spawnSync([
      "sh",
      "-c",
      `ls -l /proc/[0-9]*/fd 2>/dev/null | awk '/^\\/proc/{p=$1} /${id}\\/health.lock/{print p}'`,
    ]);
    return [...stdout.toString().matchAll(/proc\/(\d+)/g)].map(([, pid]) => Number(pid));
  };

  test("ps, inspect, filters and events tell how it is, as docker does", async () => {
    await start("well", "echo seen; test -e /tmp/ok", ...often);
    await k("run", "-d", "--network", "none", "--name", "plain", "busybox", "sleep", "1000");
    await becomes("well", "unhealthy");
    const { Log, FailingStreak } = await healthOf("well");
    expect(FailingStreak).toBeGreaterThanOrEqual(2);
    expect(Log.at(-1)).toMatchObject({ ExitCode: 1, Output: "seen\n" });
    expect((await k("exec", "well", "touch", "/tmp/ok")).exitCode).toBe(0);
    await becomes("well", "healthy");
    expect((await healthOf("well")).FailingStreak).toBe(0);
    expect((await k("ps")).stdout).toMatch(/Up .* \(healthy\) /);
    const names = async (filter: string) =>
      (await k("ps", "--filter", filter, "--format", "{{.Names}}")).stdout.trim();
    expect(await names("health=healthy")).toBe("well");
    expect(await names("health=none")).toBe("plain");
    expect(await names("health=unhealthy")).toBe("");
    const since = ["events", "--since", "5m", "--until", "0s", "--filter", "event=health_status"];
    const { stdout } = await k(...since, "--format", "{{.Action}} {{.Actor.Attributes.name}}");
    expect(stdout).toBe("health_status: unhealthy well\nhealth_status: healthy well\n");
    expect(await healthOf("plain")).toBeUndefined();
    await k("rm", "-f", "well", "plain");
    await leftovers.expectNone("well");
  });

  test("a probe that hangs is ended with all that it has started, and has failed", async () => {
    await start("hangs", "sleep 4242 & sleep 4243", ...often, "--health-timeout", "300ms");
    await eventually(() => running("4242").length > 0 && running("4243").length > 0);
    await becomes("hangs", "unhealthy");
    expect((await healthOf("hangs")).Log.at(-1)).toMatchObject({
      ExitCode: -1,
      Output: "Health check exceeded timeout (0.3s)",
    });
    expect(running("4242").length).toBeLessThanOrEqual(1); // the next probe's
    await k("rm", "-f", "hangs");
    await leftovers.expectNone("hangs");
    expect([...running("4242"), ...running("4243")]).toEqual([]);
  });

  test("what a probe leaves in the background ends with it, though it holds the output open", async () => {
    await start("leaves", "sleep 4244 & echo done", "--health-interval", "3s");
    expect((await k("healthcheck", "run", "leaves")).exitCode).toBe(0);
    expect(running("4244")).toEqual([]);
    expect((await healthOf("leaves")).Log.at(-1).Output).toBe("done\n");
    await k("rm", "-f", "leaves");
  });

  test("of an endless output the beginning is kept", async () => {
    await start("chatty", "yes | head -c 3000000", "--health-interval", "60s");
    await k("healthcheck", "run", "chatty");
    expect((await healthOf("chatty")).Log.at(-1).Output).toBe("y\n".repeat(2048));
    await k("rm", "-f", "chatty");
  });

  test("between two probes 28 KB look after it; whoever is killed is replaced by the next command", async () => {
    const id = await start("guarded", "echo x >> /probes", "--health-interval", "60s");
    await eventually(() => watchers(id).length === 1);
    const [waiter = 0] = watchers(id);
    expect(readFileSync(`/proc/${waiter}/cmdline`, "utf8")).toContain("kontener-waiter");
    const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${waiter}/smaps_rollup`, "utf8"))![1];
    expect(Number(pss)).toBeLessThan(100);
    process.kill(waiter, "SIGKILL");
    await eventually(() => watchers(id).length === 0);
    await k("ps");
    expect(watchers(id)).toHaveLength(1);
    await k("ps");
    expect(watchers(id)).toHaveLength(1);
    await k("rm", "-f", "guarded");
    await leftovers.expectNone("guarded");
  });

  test("a supervisor that is killed in the middle of a probe leaves nothing that the next one keeps", async () => {
    const id = await start("torn", "sleep 4245 & sleep 4246", ...often, "--health-timeout", "60s");
    await eventually(() => running("4246").length > 0);
    const [supervisor = 0] = watchers(id);
    process.kill(supervisor, "SIGKILL");
    await eventually(() => running("4246").length === 0); // it ends with whoever runs it
    const before = running("4245");
    await k("ps");
    await eventually(() => running("4246").length > 0);
    expect(running("4245")).not.toContain(before[0] ?? 0);
    await k("rm", "-f", "torn");
    await leftovers.expectNone("torn");
    expect([...running("4245"), ...running("4246")]).toEqual([]);
  });

  test("a paused container is not asked, and what it could not answer does not count", async () => {
    await start("paused", "sleep 0.4", ...often, "--health-timeout", "600ms");
    await becomes("paused", "healthy");
    await k("pause", "paused");
    await Bun.sleep(1500);
    const { Log } = await healthOf("paused");
    await Bun.sleep(1000);
    expect((await healthOf("paused")).Log).toEqual(Log);
    expect((await k("ps")).stdout).toMatch(/\(Paused\)/);
    await k("unpause", "paused");
    await eventually(async () => (await healthOf("paused")).Log.at(-1).End !== Log.at(-1).End);
    expect((await healthOf("paused")).Log.every((probe: any) => probe.ExitCode === 0)).toBe(true);
    await k("rm", "-f", "paused");
    await leftovers.expectNone("paused");
  });

  test("stop, start and --restart begin anew; one that has ended is not healthy", async () => {
    const id = await start("again", "true", ...often, "--restart", "always");
    await becomes("again", "healthy");
    await k("stop", "-t", "0", "again");
    await eventually(() => watchers(id).length === 0);
    expect((await healthOf("again")).Status).toBe("unhealthy");
    await k("start", "again");
    await becomes("again", "healthy");
    const { stdout } = await k("inspect", "--format", "{{.State.Pid}}", "again");
    process.kill(Number(stdout), "SIGKILL");
    await eventually(async () => {
      const now = await k(
        "inspect",
        "--format",
        "{{.State.Pid}} {{.State.Health.Status}}",
        "again",
      );
      return /^[1-9]\d* healthy\n$/.test(now.stdout) && !now.stdout.startsWith(stdout.trim());
    }, 20_000);
    expect(watchers(id)).toHaveLength(1);
    await k("rm", "-f", "again");
    await leftovers.expectNone("again");
  });

  test("the image's HEALTHCHECK is asked, --no-healthcheck forbids it", async () => {
    const directory = mkdtempSync("/var/tmp/kontener-health-");
    writeFileSync(
      `${directory}/Dockerfile`,
      "FROM busybox\nHEALTHCHECK --interval=100ms --retries=1 CMD exit 7\n",
    );
    const built = await k("build", "-t", "checked", directory);
    expect(built.stderr).not.toContain("error");
    const run = ["run", "-d", "--network", "none"];
    await k(...run, "--name", "image", "checked", "sleep", "1000");
    await becomes("image", "unhealthy");
    expect((await healthOf("image")).Log.at(-1).ExitCode).toBe(7);
    await k(...run, "--name", "deaf", "--no-healthcheck", "checked", "sleep", "1000");
    expect(await healthOf("deaf")).toBeUndefined();
    await k("rm", "-f", "image", "deaf");
    rmSync(directory, { recursive: true });
    await leftovers.expectNone("image");
  });

  test("a container in the foreground is looked after too, and takes it along", async () => {
    const probe = ["--health-cmd", "touch /probed", "--health-interval", "50ms"];
    const script = "until test -e /probed; do sleep 0.1; done; echo probed";
    const run = ["run", "--network", "none", ...probe, "busybox", "sh", "-c", script];
    const { stdout, exitCode } = await k(...run);
    expect([stdout, exitCode]).toEqual(["probed\n", 0]);
    await leftovers.expectNone("foreground");
  });

  test("what cannot be is an error in words", async () => {
    const refused = async (...flags: string[]) => {
      const { stderr, exitCode } = await k("run", "-d", ...flags, "busybox", "true");
      expect(exitCode).toBe(125);
      return stderr;
    };
    expect(await refused("--health-interval", "soon")).toContain("is not a length of time");
    expect(await refused("--health-timeout", "1us")).toContain("--health-timeout");
    expect(await refused("--health-cmd", "")).toContain("--no-healthcheck");
    expect(await refused("--no-healthcheck", "--health-cmd", "x")).toContain("contradict");
    await k("run", "-d", "--network", "none", "--name", "plain", "busybox", "sleep", "99");
    const { stderr, exitCode } = await k("healthcheck", "run", "plain");
    expect([stderr, exitCode]).toEqual([expect.stringContaining("has no health check"), 125]);
    await k("rm", "-f", "plain");
    await leftovers.expectNone("errors");
  });

  test("a command that is not there has failed, and says why", async () => {
    await start("odd", "/no/such/probe", ...often);
    await becomes("odd", "unhealthy");
    const [{ ExitCode, Output }] = (await healthOf("odd")).Log;
    expect([ExitCode, Output]).toEqual([127, expect.stringContaining("not found")]);
    await k("rm", "-f", "odd");
    await leftovers.expectNone("odd");
  });
});
