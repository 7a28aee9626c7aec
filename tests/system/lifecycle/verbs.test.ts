import { expect, test } from "bun:test";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine, eventually, expectAsBefore, hostPicture } from "../support.ts";

describeAsRoot("the verbs for a container that is there", () => {
  const engine = new Engine(32);
  const k = async (...args: string[]) => await engine.run(args);
  const background = (name: string, ...more: string[]) =>
    k("run", "-d", "--name", name, "--network", "none", ...more);
  const stateOf = async (name: string) => {
    const { stdout } = await k("inspect", name);
    return JSON.parse(stdout)[0].State as Record<string, unknown>;
  };

  test("exec joins a detached container from another process: namespaces, cgroup, user, environment", async () => {
    const before = hostPicture(engine);
    await background("box", "-e", "FROM=start", "--hostname", "boxhost", "busybox", "sleep", "100");
    const { stdout } = await k(
      "exec",
      "-e",
      "MORE=now",
      "-w",
      "/tmp",
      "-u",
      "65534",
      "box",
      "sh",
      "-c",
      "hostname; pwd; id -u; echo $FROM $MORE; cat /proc/1/comm; cat /proc/self/cgroup | sort -u | tail -1",
    );
    const lines = stdout.split("\n");
    expect(lines.slice(0, 5)).toEqual(["boxhost", "/tmp", "65534", "start now", "sleep"]);
    expect(lines[5]).toEndWith(":/");
    expect((await k("exec", "box", "sh", "-c", "exit 9")).exitCode).toBe(9);
    expect((await k("exec", "box", "no-such")).exitCode).toBe(127);
    expect((await k("exec", "box", "/etc")).exitCode).toBe(126);
    const piped = await engine.run(["exec", "-i", "box", "cat"], { stdin: "through" });
    expect(piped.stdout).toBe("through");
    await k("exec", "-d", "box", "sh", "-c", "sleep 0.1; touch /tmp/done; sleep 100");
    await eventually(async () => (await k("exec", "box", "ls", "/tmp")).stdout === "done\n");
    await k("rm", "-f", "box");
    await expectAsBefore(engine, before);
    expect((await k("exec", "box", "true")).stderr).toContain('there is no container "box"');
  });

  test("exec works in a container of another command line's foreground, and ps shows it", async () => {
    const front = Bun.spawn(
      engine.command(["run", "--name", "front", "--network", "none", "busybox", "sleep", "100"]),
      { env: engine.env, stdio: ["ignore", "ignore", "ignore"] },
    );
    await eventually(async () => (await k("ps", "-q")).stdout !== "");
    expect((await k("exec", "front", "cat", "/proc/1/comm")).stdout).toBe("sleep\n");
    expect((await k("logs", "front")).stderr).toContain("run -d keeps");
    expect((await k("stop", "-t", "0", "front")).exitCode).toBe(0);
    expect(await front.exited).toBe(137);
    expect((await k("ps", "-aq")).stdout).toBe("");
  });

  test("pause stops all processes, unpause lets them go on", async () => {
    await background("pausing", "busybox", "sh", "-c", "while :; do echo x; sleep 0.02; done");
    expect((await k("pause", "pausing")).stdout).toBe("pausing\n");
    expect(await stateOf("pausing")).toMatchObject({ Status: "paused", Paused: true });
    const length = async () => (await k("logs", "pausing")).stdout.length;
    const first = await length();
    await Bun.sleep(200);
    expect(await length()).toBe(first);
    expect((await k("pause", "pausing")).stderr).toContain("is paused, not running");
    expect((await k("exec", "pausing", "true")).stderr).toContain("unpause pausing");
    await k("unpause", "pausing");
    await eventually(async () => (await length()) > first);
    await k("pause", "pausing");
    expect((await k("stop", "-t", "0", "pausing")).exitCode).toBe(0);
    await k("rm", "pausing");
  });

  test("create, start, restart: the files stay from one life to the next", async () => {
    const before = hostPicture(engine);
    const script = "echo life >> /lives; wc -l < /lives; exit 3";
    const made = await k(
      "create",
      "--name",
      "again",
      "--network",
      "none",
      "busybox",
      "sh",
      "-c",
      script,
    );
    expect(made.stdout).toMatch(/^[0-9a-f]{12}\n$/);
    expect(await stateOf("again")).toMatchObject({ Status: "created", Pid: 0 });
    for (const life of [1, 2, 3]) {
      expect((await k(life === 2 ? "restart" : "start", "again")).stdout).toBe("again\n");
      expect((await k("wait", "again")).stdout).toBe("3\n");
    }
    expect((await k("logs", "again")).stdout).toBe("1\n2\n3\n");
    await k("rm", "again");
    await expectAsBefore(engine, before);
  });

  test("start of one that runs changes nothing; restart gives it another PID 1", async () => {
    const before = hostPicture(engine);
    await background("running", "busybox", "sleep", "100");
    const { Pid: first } = await stateOf("running");
    expect((await k("start", "running")).exitCode).toBe(0);
    expect((await stateOf("running"))["Pid"]).toBe(first);
    expect((await k("restart", "-t", "0", "running")).exitCode).toBe(0);
    const second = await stateOf("running");
    expect(second["Status"]).toBe("running");
    expect(second["Pid"]).not.toBe(first);
    await k("rm", "-f", "running");
    await expectAsBefore(engine, before);
  });

  test("rename moves the name: the old one is free, a taken one is refused", async () => {
    const before = hostPicture(engine);
    await background("first", "busybox", "sleep", "100");
    await background("second", "busybox", "sleep", "100");
    expect((await k("rename", "first", "second")).stderr).toContain("is taken by container");
    expect((await k("rename", "first", "../evil")).stderr).toContain("is not a container's name");
    expect((await k("rename", "first", "third")).exitCode).toBe(0);
    expect((await k("rm", "-f", "first")).exitCode).toBe(1);
    expect((await background("first", "busybox", "true")).exitCode).toBe(0);
    expect((await k("rm", "-f", "first", "second", "third")).exitCode).toBe(0);
    await expectAsBefore(engine, before);
  });

  test("top, stats and inspect say what there is", async () => {
    await background("seen", "-m", "64m", "busybox", "sh", "-c", "sleep 100 & sleep 100; true");
    const top = JSON.parse((await k("top", "--format", "json", "seen")).stdout);
    expect(top.map((p: { command: string }) => p.command).toSorted()).toContain("sleep 100");
    expect((await k("top", "seen")).stdout).toStartWith("UID");
    const stats = JSON.parse((await k("stats", "--no-stream", "--format", "json", "seen")).stdout);
    expect(stats).toMatchObject({ Name: "seen", PIDs: "3" });
    expect(stats.MemUsage).toEndWith("/ 64MiB");
    const [all] = JSON.parse((await k("inspect", "seen")).stdout);
    expect(all).toMatchObject({ Name: "seen", Path: "sh", State: { Status: "running" } });
    expect(readFileSync(`/proc/${all.State.Pid}/comm`, "utf8")).toBe("sh\n");
    await k("rm", "-f", "seen");
  });

  test("a torn or foreign record is an error in words, and does not hide the others", async () => {
    await background("sound", "busybox", "sleep", "100");
    const { stdout } = await background("torn", "busybox", "sleep", "100");
    const id = stdout.trim();
    const directory = `${engine.env["KONTENER_RUN"]}/containers/${id}`;
    const whole = readFileSync(`${directory}/record.json`, "utf8");
    for (const text of [
      whole.slice(0, 40),
      "",
      "[]",
      "null",
      '{"id":7}',
      whole.replace(id, "0".repeat(12)),
    ]) {
      writeFileSync(`${directory}/record.json`, text);
      const ps = await k("ps");
      expect(ps.stderr).toContain("cannot read the container's record");
      expect(ps.stdout).toContain("sound");
      const stop = await k("stop", "torn");
      expect([stop.exitCode, stop.stderr.includes("a bug")]).toEqual([1, false]);
    }
    writeFileSync(`${directory}/record.json`, whole);
    symlinkSync("/etc", `${directory}/../not-a-container`);
    expect((await k("ps")).exitCode).toBe(0);
    await k("rm", "-f", "torn", "sound");
    await Bun.$`rm ${directory}/../not-a-container`.nothrow().quiet();
  });

  test("thirty commands on one container at the same time wait for each other", async () => {
    const before = hostPicture(engine);
    await background("shared", "busybox", "sleep", "100");
    const verbs = [["restart", "-t", "0"], ["stop", "-t", "0"], ["start"], ["pause"], ["unpause"]];
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, i) => k(...verbs[i % verbs.length]!, "shared")),
    );
    for (const { stderr } of results) expect(stderr).toMatch(/^$|is (running|paused|exited), not/);
    await k("unpause", "shared");
    expect((await k("rm", "-f", "shared")).stderr).toBe("");
    await expectAsBefore(engine, before);
  });
});
