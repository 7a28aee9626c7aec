import { expect, test } from "bun:test";
import { container, KontenerError, type Box } from "../../../src/index.ts";
import { describeAsRoot, eventually, expectAsBefore, hostPicture } from "../support.ts";
import { descriptors, useEngine } from "./library.ts";

describeAsRoot("a box", () => {
  const engine = useEngine(41);
  const start = (options = {}) => container("busybox", { network: "none", ...options });

  test("runs many commands, in one root file system and one process namespace", async () => {
    await using box = await start();
    await box.exec(["sh", "-c", "echo 1 > /kept; sleep 50 > /dev/null 2>&1 &"]);
    const { stdout } = await box.exec(["sh", "-c", "cat /kept; ps"]);
    expect(stdout).toStartWith("1\n");
    expect(stdout).toContain("sleep 50");
  });

  test("tells exit code, signal and both outputs apart", async () => {
    await using box = await start();
    const output = await box.exec(["sh", "-c", "echo out; echo err >&2; kill -TERM $$"]);
    expect(output).toMatchObject({ exitCode: 143, signal: "SIGTERM", timedOut: false });
    expect([output.stdout, output.stderr]).toEqual(["out\n", "err\n"]);
    const { exitCode, signal } = await box.exec(["sh", "-c", "exit 9"]);
    expect({ exitCode, signal }).toEqual({ exitCode: 9, signal: null });
  });

  test("takes working directory, environment and user for each command", async () => {
    await using box = await start({ env: { A: "1", B: "2" } });
    const { stdout } = await box.exec(["sh", "-c", "pwd; echo $A$B; id -u; id -g"], {
      cwd: "/tmp",
      env: { B: "3" },
      user: "1000:7",
    });
    expect(stdout).toBe("/tmp\n13\n1000\n7\n");
  });

  test("reads input from text, bytes, a Blob, a stream and a generator, of any length", async () => {
    await using box = await start();
    const long = "x".repeat(3_000_000);
    const bytes = new TextEncoder().encode(long);
    async function* pieces() {
      yield "x".repeat(1_000_000);
      yield bytes.subarray(0, 2_000_000);
    }
    const inputs = [long, bytes, bytes.buffer, new Blob([bytes]), new Blob([bytes]).stream()];
    for (const input of [...inputs, pieces()]) {
      const { stdout } = await box.exec(["wc", "-c"], { input });
      expect(stdout).toBe("3000000\n");
    }
  });

  test("a command need not read its input, and a broken input is no half input", async () => {
    await using box = await start();
    const { exitCode } = await box.exec(["true"], { input: "x".repeat(3_000_000) });
    expect(exitCode).toBe(0);
    async function* broken() {
      yield "half";
      throw new Error("the disk is gone");
    }
    await expect(box.exec(["cat"], { input: broken() })).rejects.toThrow("the disk is gone");
  });

  test("spawn: lines come while it runs, standard input is written to meanwhile", async () => {
    await using box = await start();
    const run = box.spawn(["sh", "-c", "while read a; do echo got $a; done; exit 4"], {
      stdin: "pipe",
    });
    const got: string[] = [];
    await run.stdin.write("1\n");
    for await (const line of run.lines()) {
      got.push(line);
      if (got.length < 3) await run.stdin.write(`${got.length + 1}\n`);
      else await run.stdin.end();
    }
    expect(got).toEqual(["got 1", "got 2", "got 3"]);
    expect((await run.exited).exitCode).toBe(4);
  });

  test("lines are whole whatever the chunks, also the last without an end, also in UTF-8", async () => {
    await using box = await start();
    const run = box.spawn(["sh", "-c", "printf 'a\\303'; sleep 0.1; printf '\\244b\\n\\nlast'"]);
    expect(await Array.fromAsync(run.lines())).toEqual(["aäb", "", "last"]);
  });

  test("a signal goes to the command, or an end to all that it started", async () => {
    await using box = await start();
    const run = box.spawn([
      "sh",
      "-c",
      "trap 'echo bye; exit 5' TERM; while :; do sleep 0.05; done",
    ]);
    await Bun.sleep(100);
    await run.kill("SIGTERM");
    expect(await run.text()).toBe("bye\n");
    expect((await run.exited).exitCode).toBe(5);
    const tree = box.spawn(["sh", "-c", "setsid sleep 60 & (sleep 61 &) & sleep 62"]);
    await eventually(async () => (await box.exec(["ps"])).stdout.split("sleep 6").length === 4);
    await tree.kill();
    expect((await tree.exited).signal).toBe("SIGKILL");
    // A process that has been killed takes a moment to end.
    await eventually(async () => !(await box.exec(["ps"])).stdout.includes("sleep 6"));
  });

  test("a timeout kills all that the command started, in any session, and nothing else", async () => {
    await using box = await start();
    const other = box.spawn(["sleep", "70"]);
    const begin = performance.now();
    const output = await box.exec(["sh", "-c", "echo started; setsid sleep 71 & sleep 72 & wait"], {
      timeout: "300ms",
    });
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(output).toMatchObject({ exitCode: 137, signal: "SIGKILL", timedOut: true });
    expect(output.stdout).toBe("started\n");
    const { stdout } = await box.exec(["ps"]);
    expect(stdout).toContain("sleep 70");
    expect(stdout).not.toMatch(/sleep 7[12]/);
    await other.kill();
  });

  test("a timeout ends the wait for what stays in the background with the output open", async () => {
    await using box = await start();
    const output = await box.exec(["sh", "-c", "sleep 73 & echo done"], { timeout: "300ms" });
    expect(output).toMatchObject({ exitCode: 0, timedOut: true });
    expect(output.stdout).toBe("done\n");
  });

  test("an aborted command is killed, and the reason is thrown", async () => {
    await using box = await start();
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 100);
    await expect(box.exec(["sleep", "80"], { signal: controller.signal })).rejects.toBe(reason);
    expect((await box.exec(["ps"])).stdout).not.toContain("sleep 80");
    await expect(box.exec(["true"], { signal: controller.signal })).rejects.toBe(reason);
  });

  test("an end that comes while a command is being started is not lost", async () => {
    await using box = await start();
    for (let i = 0; i < 10; i++) {
      const run = box.spawn(["sleep", "90"], { stdout: "ignore", stderr: "ignore" });
      await Bun.sleep(i);
      await run.kill();
      expect((await run.exited).signal).toBe("SIGKILL");
    }
  });

  test("a command that prints without end is killed when it has printed enough", async () => {
    await using box = await start();
    const output = await box.exec(["yes"], { maxOutput: 100_000 });
    expect(output.truncated).toBe(true);
    expect(output.bytes().length).toBe(100_000);
  });

  test("a command without memory says so", async () => {
    await using box = await start({ memory: "16M" });
    const output = await box.exec(["sh", "-c", "x=a; while :; do x=$x$x; done"]);
    expect(output.oomKilled).toBe(true);
    expect(output.exitCode).not.toBe(0);
    const next = await box.exec(["true"]);
    expect(next.oomKilled).toBe(false);
    expect(box.stats().oomKills).toBeGreaterThan(0);
  });

  test("usage: processor time of this command alone, peak memory, wall time", async () => {
    await using box = await start();
    await box.exec(["sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"]);
    const { usage } = await box.exec(["sleep", "0.2"]);
    expect(usage.wallTime).toBeGreaterThan(200);
    expect(usage.cpuTime).toBeLessThan(100_000);
    expect(usage.memoryPeak).toBeGreaterThan(50_000);
  });

  test("a command that is not there is an error of exec, exited, lines and text", async () => {
    await using box = await start();
    const missing = { code: "NOT_FOUND", exitCode: 127 };
    await expect(box.exec(["nope"])).rejects.toMatchObject(missing);
    await expect(box.spawn(["nope"]).exited).rejects.toMatchObject(missing);
    await expect(box.spawn(["nope"]).text()).rejects.toMatchObject(missing);
    await expect(Array.fromAsync(box.spawn(["nope"]).lines())).rejects.toMatchObject(missing);
    box.spawn(["nope"]); // asked by nobody: no unhandled rejection either
    await Bun.sleep(100);
  });

  test("ends by itself when its time is over, and says so", async () => {
    await using box = await start({ timeout: "300ms" });
    const { signal } = await box.exec(["sleep", "60"]);
    expect(signal).toBe("SIGKILL");
    await box.ended;
    expect(() => box.spawn(["true"])).toThrow("its time is over");
  });

  test("a closed box refuses commands, and ended its own", async () => {
    const box = await start();
    const run = box.spawn(["sleep", "60"]);
    await Bun.sleep(50);
    await box.close();
    await box.close();
    expect((await run.exited).signal).toBe("SIGKILL");
    expect(() => box.spawn(["true"])).toThrow("it was closed");
    await expect(box.exec(["true"])).rejects.toMatchObject({ code: "ENDED" });
  });

  test("200 commands leave no descriptor, process, group or directory", async () => {
    const before = hostPicture(engine);
    const box: Box = await start();
    await exercise(box, 10);
    Bun.gc(true);
    const open = descriptors();
    await exercise(box, 200);
    Bun.gc(true);
    await eventually(() => descriptors().length <= open.length).catch(() => {
      expect(descriptors()).toEqual(open);
    });
    expect(box.stats().pids).toBe(1);
    await box.close();
    await expectAsBefore(engine, before);
  });

  test("a published port is reached at box.port()", async () => {
    await using box = await container("busybox", { publish: ["127.0.0.1::80", "53/udp"] });
    const script = "mkdir /tmp/w; echo hello >/tmp/w/index.html; httpd -p 80 -h /tmp/w";
    await box.exec(["sh", "-c", script]);
    expect(await (await fetch(`http://127.0.0.1:${box.port(80)}/`)).text()).toBe("hello\n");
    expect(box.port("53/udp")).toBeGreaterThan(1023);
    expect(() => box.port(81)).toThrow("publishes no port 81/tcp");
  });

  test("its address is that by which the bridge knows it", async () => {
    await using box = await container("busybox");
    expect(box.address).toStartWith("10.213.41.");
    expect((await box.exec(["ip", "-4", "addr"])).stdout).toContain(box.address!);
  });
});

async function exercise(box: Box, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    if (i % 4 === 0) await box.exec(["cat"], { input: "x" });
    else if (i % 4 === 1) box.spawn(["echo", "read by nobody"]);
    else if (i % 4 === 2) await box.spawn(["echo", "read"]).text();
    else await box.exec(["nope"]).catch((error) => expect(error).toBeInstanceOf(KontenerError));
  }
  await Bun.sleep(100);
}
