import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine, expectAsBefore, hostPicture } from "../support.ts";

describeAsRoot("docker's flags of the verbs", () => {
  const engine = new Engine(171);
  const k = async (...args: string[]) => await engine.run(args);
  const background = (name: string, ...more: string[]) =>
    k("run", "-d", "--name", name, "--network", "none", ...more);
  const names = async (...flags: string[]) =>
    (await k("ps", "--format", "{{.Names}}", ...flags)).stdout.split("\n").filter(Boolean);

  test("--cidfile has the id of run, run -d and create; one that is there is refused, and none is left of a failed start", async () => {
    const before = hostPicture(engine);
    const directory = mkdtempSync("/var/tmp/kontener-cid-");
    const file = (name: string) => `${directory}/${name}`;
    const { stdout } = await k("create", "--cidfile", file("a"), "busybox", "true");
    expect(readFileSync(file("a"), "utf8")).toBe(stdout.trim());
    const again = await k("create", "--cidfile", file("a"), "busybox", "true");
    expect(again.stderr).toContain("is there already");
    await k("run", "--cidfile", file("b"), "--network", "none", "busybox", "true");
    expect(readFileSync(file("b"), "utf8")).toMatch(/^[0-9a-f]{12}$/);
    const failed = await k("run", "--cidfile", file("c"), "--network", "none", "busybox", "nosuch");
    expect([failed.exitCode, existsSync(file("c"))]).toEqual([127, false]);
    const nowhere = await k("create", "--cidfile", "/no/such/dir", "busybox", "true");
    expect(nowhere.stderr).toContain("cannot be written: ENOENT");
    await k("rm", stdout.trim());
    rmSync(directory, { recursive: true });
    await expectAsBefore(engine, before);
  });

  test("stop sends --stop-signal and kills after --stop-timeout", async () => {
    const trap = "trap 'echo usr1; exit 5' USR1; trap '' TERM; while :; do sleep 0.05; done";
    await background("asked", "--stop-signal", "usr1", "busybox", "sh", "-c", trap);
    await k("stop", "asked");
    expect((await k("inspect", "-f", "{{.State.ExitCode}}", "asked")).stdout).toBe("5\n");
    await background("deaf", "--stop-timeout", "0", "busybox", "sh", "-c", trap);
    const start = Date.now();
    await k("stop", "deaf");
    expect(Date.now() - start).toBeLessThan(9000);
    expect((await k("inspect", "-f", "{{.State.ExitCode}}", "deaf")).stdout).toBe("137\n");
    expect((await k("create", "--stop-signal", "SIGFOO", "busybox")).stderr).toContain(
      "not a signal",
    );
    await k("rm", "asked", "deaf");
  });

  test("--label-file gives labels, -l goes before it", async () => {
    const file = `${engine.directory}/labels`;
    writeFileSync(file, "# comment\na=1\nb=2=3\nbare\n");
    await k("create", "--name", "labelled", "--label-file", file, "-l", "a=mine", "busybox");
    const { stdout } = await k("inspect", "-f", "{{json .Config.Labels}}", "labelled");
    expect(JSON.parse(stdout)).toEqual({ a: "mine", b: "2=3", bare: "" });
    await k("rm", "labelled");
    expect((await k("create", "--label-file", "/no", "busybox")).stderr).toContain(
      "--label-file /no",
    );
  });

  test("stop, kill and rm do several at once, all, or those that a filter shows", async () => {
    for (const name of ["one", "two", "three"])
      await background(
        name,
        "-l",
        `group=${name === "three" ? "b" : "a"}`,
        "busybox",
        "sleep",
        "99",
      );
    expect(await names("--filter", "label=group=a")).toEqual(["two", "one"]);
    await k("kill", "--filter", "label=group=b");
    await k("wait", "three");
    expect(await names()).toEqual(["two", "one"]);
    await k("stop", "-t", "0", "--all");
    expect(await names()).toEqual([]);
    expect(await names("-n", "2")).toEqual(["three", "two"]);
    expect(await names("-l")).toEqual(["three"]);
    expect((await k("rm", "one", "nobody", "two")).exitCode).toBe(1);
    expect(await names("-a")).toEqual(["three"]);
    expect((await k("rm", "--all", "three")).stderr).toContain("instead of names");
    expect((await k("rm")).stderr).toContain("which container?");
    await k("rm", "-a");
    expect(await names("-a")).toEqual([]);
  });

  test("container VERB is VERB, and container ls is ps", async () => {
    await k("container", "create", "--name", "long", "busybox");
    expect((await k("container", "ls", "-a", "--format", "{{.Names}}")).stdout).toBe("long\n");
    await k("container", "rm", "long");
    expect((await k("container", "prun")).stderr).toContain("prune");
  });

  test("ps -s and inspect -s say what a container has written", async () => {
    await background("writer", "busybox", "sh", "-c", "head -c 300000 /dev/zero > /x; sleep 99");
    await k("exec", "writer", "sync");
    expect(
      Number((await k("inspect", "-s", "-f", "{{.SizeRw}}", "writer")).stdout),
    ).toBeGreaterThan(299_999);
    expect((await k("ps", "-s")).stdout).toMatch(/SIZE[\s\S]*30\d(\.\d)?kB/);
    await k("rm", "-f", "writer");
  });
});
