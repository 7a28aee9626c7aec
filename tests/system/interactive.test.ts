import { expect, test } from "bun:test";
import { Person } from "./pseudo-terminal.ts";
import { describeAsRoot, Engine, expectAsBefore, hostPicture } from "./support.ts";

/** busybox's shell then asks the terminal where the cursor is. */
const prompt = /# (\x1b\[6n)?$/;

describeAsRoot("at a terminal", () => {
  const engine = new Engine(14);
  const shell = (...flags: string[]) =>
    new Person(engine.command(["sh", "--network", "none", ...flags, "busybox"]), engine.env);

  test("a prompt, a terminal of the container's own, and the exit code", async () => {
    await using person = shell();
    await person.sees(prompt);
    person.type("tty; echo $((40 + 2))\n");
    expect(await person.sees(/42\r\n/)).toContain("/dev/pts/0");
    person.type("exit 3\n");
    expect(await person.exited).toBe(3);
  });

  test("the size is the person's, and follows it", async () => {
    await using person = shell();
    await person.sees(prompt);
    person.type("stty size\n");
    await person.sees(/24 80\r\n/);
    person.resize(101, 37);
    await Bun.sleep(200);
    person.type("stty size\n");
    await person.sees(/37 101\r\n/);
  });

  test("^C ends the program and not the shell; ^D ends the shell; the terminal's modes are as before", async () => {
    await using person = new Person(["sh"], engine.env);
    person.type("PS1=host'> '\n"); // so that the echo of it does not look like the prompt
    await person.sees(/host> $/);
    const before = person.modes;
    person.type(`${engine.command(["sh", "--network", "none", "busybox"]).join(" ")}\n`);
    await person.sees(prompt);
    expect(person.modes).not.toEqual(before);
    person.type("sleep 1000\n");
    await Bun.sleep(300);
    person.type("\x03");
    await person.sees(/\^C[^#]*# (\x1b\[6n)?$/);
    person.type("\x04");
    await person.sees(/host> $/);
    expect(person.modes).toEqual(before);
  });

  test("jobs can be stopped and brought back", async () => {
    await using person = shell();
    await person.sees(prompt);
    person.type("sleep 1000\n");
    await Bun.sleep(300);
    person.type("\x1a");
    await person.sees(/Stopped|\[1\]\+/);
    person.type("kill %1; wait; echo done\n");
    await person.sees(/\ndone\r\n/);
  });

  test("a signal to the engine ends the container, and the terminal's modes are as before", async () => {
    await using person = shell();
    const before = person.modes;
    await person.sees(prompt);
    for (let i = 0; i < 3; i++) {
      person.signal("SIGTERM"); // an interactive shell ignores it: who asks three times means it
      await Bun.sleep(100);
    }
    expect(await person.exited).toBe(137);
    expect(person.modes).toEqual(before);
  });

  test("a person who closes the window leaves nothing behind", async () => {
    const before = hostPicture(engine);
    {
      await using person = shell();
      await person.sees(prompt);
    }
    await engine.run(["run", "--network", "none", "busybox", "true"]); // the next start cleans up
    await expectAsBefore(engine, before);
  });

  test("-it without a terminal is refused in words", async () => {
    const { stderr, exitCode } = await engine.run([
      "run",
      "-it",
      "--network",
      "none",
      "busybox",
      "true",
    ]);
    expect(exitCode).toBe(125);
    expect(stderr).toContain("terminal");
  });

  test("a large output arrives whole", async () => {
    await using person = new Person(
      engine.command(["run", "-t", "--network", "none", "busybox", "seq", "1", "20000"]),
      engine.env,
    );
    await person.exited;
    await Bun.sleep(100);
    expect(person.screen.trim().split("\r\n")).toEqual(
      Array.from({ length: 20000 }, (_, i) => String(i + 1)),
    );
  });
});
