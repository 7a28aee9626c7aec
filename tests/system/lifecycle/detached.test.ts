import { expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";
import { describeAsRoot, Engine, eventually, expectAsBefore, hostPicture } from "../support.ts";

/** The words of a start in the background, without a network, which is quicker. */
const detached = (name: string, ...more: string[]) => [
  "run",
  "-d",
  "--name",
  name,
  "--network",
  "none",
  ...more,
];

describeAsRoot("a detached container", () => {
  const engine = new Engine(31);
  const k = async (...args: string[]) => await engine.run(args);
  const sh = (name: string, script: string, ...flags: string[]) =>
    k(...detached(name, ...flags), "busybox", "sh", "-c", script);
  const ps = async (...args: string[]) => {
    const { stdout } = await k("ps", "-a", "--format", "json", ...args);
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, string>);
  };

  test("outlives its command line, ends by itself, keeps its exit status, and goes with rm", async () => {
    await k("run", "--network", "none", "busybox", "true"); // the image
    const before = hostPicture(engine);
    const { stdout, exitCode } = await sh("life", "sleep 0.5; exit 7");
    expect(exitCode).toBe(0);
    const id = stdout.trim();
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect(await ps()).toMatchObject([{ ID: id, Names: "life", State: "running" }]);
    expect((await k("wait", "life")).stdout).toBe("7\n");
    const [after] = await ps();
    expect(after).toMatchObject({ ID: id, State: "exited" });
    expect(after!["Status"]).toStartWith("Exited (7) ");
    expect((await k("rm", id.slice(0, 4))).stdout).toBe(`${id.slice(0, 4)}\n`);
    expect(await ps()).toEqual([]);
    await expectAsBefore(engine, before);
  });

  test("has its two streams kept apart, and in the order of time", async () => {
    await sh(
      "logs",
      "for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.05; done; printf end",
    );
    await k("wait", "logs");
    const { stdout, stderr } = await k("logs", "logs");
    expect(stdout).toBe("out 1\nout 2\nout 3\nend");
    expect(stderr).toBe("err 1\nerr 2\nerr 3\n");
    const tail = await k("logs", "--tail", "3", "logs");
    expect(tail.stdout + tail.stderr).toBe("out 3\nenderr 3\n");
    const stamped = await k("logs", "-t", "logs");
    expect(stamped.stdout.split("\n")[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z out 1$/);
    expect((await k("logs", "--since", "1h", "logs")).stdout).toBe(stdout);
    expect((await k("logs", "--until", "1h", "logs")).stdout).toBe("");
    expect((await k("logs", "--since", "yesterdayish", "logs")).stderr).toContain("is not a time");
    await k("rm", "logs");
  });

  test("logs -f prints what comes, and ends when the container has ended", async () => {
    await sh("follow", "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done");
    const { stdout } = await k("logs", "-f", "follow");
    expect(stdout).toBe("1\n2\n3\n4\n5\n");
    await k("rm", "follow");
  });

  test("loses nothing of a large output, byte for byte", async () => {
    await sh("much", "seq 1 200000; head -c 100000 /dev/zero");
    await k("wait", "much");
    const { stdout } = await k("logs", "much");
    const expected = Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join("");
    expect(stdout.length).toBe(expected.length + 100_000);
    expect(stdout.startsWith(expected)).toBe(true);
    await k("rm", "much");
  });

  test("keeps as much output as --log-opt says, the newest", async () => {
    const flags = ["--log-opt", "max-size=64k", "--log-opt", "max-file=2"];
    await sh("rotated", "seq 1 100000", ...flags);
    await k("wait", "rotated");
    const { stdout } = await k("logs", "rotated");
    expect(stdout.length).toBeLessThan(2 * 80 * 1024);
    expect(stdout.length).toBeGreaterThan(64 * 1024);
    expect(stdout).toEndWith("99999\n100000\n");
    await k("rm", "rotated");
  });

  test("is stopped by SIGTERM, or killed when it does not listen", async () => {
    await sh("polite", "trap 'exit 3' TERM; while :; do sleep 0.05; done");
    await k(...detached("deaf"), "busybox", "sleep", "100");
    const start = Date.now();
    expect((await k("stop", "-t", "1", "polite", "deaf")).stdout).toBe("polite\ndeaf\n");
    expect(Date.now() - start).toBeLessThan(4000);
    expect((await k("wait", "polite", "deaf")).stdout).toBe("3\n137\n");
    expect((await k("stop", "polite")).exitCode).toBe(0);
    await k("rm", "polite", "deaf");
  });

  test("gets the signal that kill names; with --init its command gets it", async () => {
    await k(...detached("signalled", "--init"), "busybox", "sleep", "100");
    await k("kill", "-s", "usr1", "signalled");
    expect((await k("wait", "signalled")).stdout).toBe("138\n");
    expect((await k("kill", "signalled")).stderr).toContain("is exited, not running");
    expect((await k("kill", "-s", "SIGTREM", "signalled")).stderr).toContain("SIGTERM");
    await k("rm", "signalled");
  });

  test("with --rm it is gone once it has ended", async () => {
    const before = hostPicture(engine);
    await sh("brief", "exit 1", "--rm");
    await eventually(async () => (await ps()).length === 0);
    await expectAsBefore(engine, before);
  });

  test("is not removed while it runs, unless by force", async () => {
    const before = hostPicture(engine);
    await k(...detached("busy"), "busybox", "sleep", "100");
    const refused = await k("rm", "busy");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("rm -f busy");
    expect((await k("rm", "-f", "busy")).stdout).toBe("busy\n");
    await expectAsBefore(engine, before);
  });

  test("with a terminal, prints into its log what it printed there", async () => {
    await sh("tty", "tty; exit 4", "-t");
    expect((await k("wait", "tty")).stdout).toBe("4\n");
    expect((await k("logs", "tty")).stdout).toBe("/dev/pts/0\r\n");
    await k("rm", "tty");
  });

  test("costs the host less than 0.5 MB", async () => {
    const { stdout } = await k(...detached("small"), "busybox", "sleep", "100");
    const words = readdirSync("/proc").flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        const own = /^kontener-(monitor|logger)/.test(line);
        return own ? [readFileSync(`/proc/${pid}/smaps_rollup`, "latin1")] : [];
      } catch {
        return [];
      }
    });
    const each = words.map((text) => Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0));
    console.log(`PSS of monitors and loggers, kB: ${each.join(", ")}`);
    expect(3 * Math.max(...each)).toBeLessThan(500);
    await k("rm", "-f", stdout.trim());
  });

  test("that fails to start leaves nothing behind", async () => {
    const before = hostPicture(engine);
    const { exitCode, stderr } = await k(...detached("failing"), "busybox", "no-such-command");
    expect([exitCode, stderr.includes("command not found")]).toEqual([127, true]);
    await expectAsBefore(engine, before);
  });

  test("is found by its name or the beginning of its id only; others are named", async () => {
    await sh("findable", "exit 0");
    const { stderr, exitCode } = await k("stop", "findabel");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("did you mean findable?");
    expect(await ps("--filter", "name=finda", "--filter", "status=exited")).toHaveLength(1);
    expect(await ps("--filter", "status=running")).toEqual([]);
    expect((await k("ps", "--filter", "color=red")).exitCode).toBe(125);
    await k("rm", "findable");
  });
});
