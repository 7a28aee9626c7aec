import { expect, test } from "bun:test";
import { Person } from "../pseudo-terminal.ts";
import { describeAsRoot, Engine, eventually, expectAsBefore, hostPicture } from "../support.ts";

describeAsRoot("attach", () => {
  const engine = new Engine(172);
  const k = async (...args: string[]) => await engine.run(args);
  const run = (name: string, flags: string, ...command: string[]) =>
    k("run", flags, "--name", name, "--network", "none", "busybox", ...command);
  const person = (...args: string[]) => new Person(engine.command(args), engine.env);
  const status = async (name: string) =>
    (await k("inspect", "-f", "{{.State.Status}}", name)).stdout.trim();

  test("a shell of run -dit can be left with ^P ^Q and come back to, and has the terminal's size", async () => {
    const before = hostPicture(engine);
    await run("shell", "-dit", "sh");
    {
      await using first = person("attach", "shell");
      first.type("echo $((6*7)); x=kept; stty size\n");
      await first.sees(/42\r\n[\s\S]*24 80/);
      first.resize(100, 40);
      await eventually(async () => {
        first.type("stty size\n");
        return first.sees(/40 100/, 300).then(
          () => true,
          () => false,
        );
      });
      first.type("\x10");
      first.type("\x11");
      await first.sees(/detached; shell runs on/);
      expect(await first.exited).toBe(0);
    }
    expect(await status("shell")).toBe("running");
    await using second = person("attach", "--detach-keys", "ctrl-x", "shell");
    second.type("echo $x again\n");
    await second.sees(/kept again/);
    second.type("exit 7\n");
    expect(await second.exited).toBe(7);
    await k("rm", "shell");
    await expectAsBefore(engine, before);
  });

  test("without a terminal output is told apart, signals go through, and the exit code comes back", async () => {
    const script = "trap 'echo caught >&2; exit 3' USR1; echo ready; while :; do sleep 0.02; done";
    await run("plain", "-d", "sh", "-c", `sleep 0.5; ${script}`);
    const child = Bun.spawn(engine.command(["attach", "plain"]), {
      env: engine.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const reader = child.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("ready\n");
    child.kill("SIGUSR1");
    expect(await child.stderr.text()).toBe("caught\n");
    expect(await child.exited).toBe(3);
    await k("rm", "plain");
  });

  test("--sig-proxy=false keeps signals from the container", async () => {
    await run("alone", "-d", "sh", "-c", "trap 'exit 3' INT; while :; do sleep 0.02; done");
    const child = Bun.spawn(engine.command(["attach", "--sig-proxy=false", "alone"]), {
      env: engine.env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await Bun.sleep(500);
    child.kill("SIGINT");
    await child.exited;
    expect(child.signalCode).toBe("SIGINT");
    expect(await status("alone")).toBe("running");
    await k("rm", "-f", "alone");
  });

  test("start -ai is the container's standard input to its end; every byte and the exit code come out", async () => {
    await k(
      "create",
      "-i",
      "--name",
      "cat",
      "--network",
      "none",
      "busybox",
      "sh",
      "-c",
      "cat; exit 4",
    );
    const text = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
    for (let i = 0; i < 2; i++) {
      const { stdout, exitCode } = await engine.run(["start", "-ai", "cat"], { stdin: text });
      expect(exitCode).toBe(4);
      expect(Bun.hash(stdout)).toBe(Bun.hash(text));
    }
    const quick = await k(
      "create",
      "--name",
      "quick",
      "--network",
      "none",
      "busybox",
      "echo",
      "hi",
    );
    expect(quick.exitCode).toBe(0);
    expect((await k("start", "-a", "quick")).stdout).toBe("hi\n");
    await k("rm", "cat", "quick");
  });

  test("run -di keeps its input open: several attach one after the other, --no-stdin only watches", async () => {
    await run("open", "-di", "cat");
    for (const text of ["one\n", "two\n"]) {
      const child = Bun.spawn(engine.command(["attach", "open"]), {
        env: engine.env,
        stdio: [new Blob([text]), "pipe", "ignore"],
      });
      const { value } = await child.stdout.getReader().read();
      expect(new TextDecoder().decode(value)).toBe(text);
      child.kill("SIGKILL");
      await child.exited;
    }
    expect(await status("open")).toBe("running");
    const watching = Bun.spawn(engine.command(["attach", "--no-stdin", "open"]), {
      env: engine.env,
      stdio: [new Blob(["three\n"]), "pipe", "ignore"],
    });
    await Bun.sleep(400);
    await k("kill", "open");
    expect(await watching.stdout.text()).toBe("");
    expect(await watching.exited).toBe(137);
    expect((await k("logs", "open")).stdout).toBe("one\ntwo\n");
    await k("rm", "open");
  });

  test("what cannot be attached to says why", async () => {
    await k("create", "--name", "idle", "busybox");
    expect((await k("attach", "idle")).stderr).toContain("is created, not running");
    expect((await k("start", "-a", "idle", "idle")).stderr).toContain("one container at a time");
    expect((await k("attach", "--detach-keys", "p q", "idle")).exitCode).not.toBe(0);
    await k("rm", "idle");
  });
});
