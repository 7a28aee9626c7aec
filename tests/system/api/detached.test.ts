import { expect, test } from "bun:test";
import { container } from "../../../src/index.ts";
import { describeAsRoot, eventually, expectAsBefore, hostPicture } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("detached boxes", () => {
  const engine = useEngine(151);
  const none = { network: "none" } as const;
  /** A program of its own, to its end; what it has printed. */
  const program = async (code: string): Promise<string> => {
    const child = Bun.spawn([process.execPath, "-"], {
      env: engine.env,
      stdin: new Blob([
        `import { container } from "${import.meta.dir}/../../../src/index.ts";${code}`,
      ]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [text, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect([errors, await child.exited]).toEqual(["", 0]);
    return text.trim();
  };

  test("one outlives the program that made it, and is found again by name, by others and by kontener", async () => {
    const before = hostPicture(engine);
    const id = await program(`
      const box = await container("busybox", { name: "kept", network: "none", detach: true, env: { A: "1" } });
      await box.writeFile("/file", "text");
      console.log(box.id);`);
    await using box = await container.get("kept");
    expect([box.id, box.name]).toEqual([id, "kept"]);
    expect(await box.readFile("/file", "utf8")).toBe("text");
    expect(await box.$`echo $A; cat /file`.text()).toBe("1\ntext");
    expect(box.stats().pids).toBe(1);
    const { stdout } = await engine.run(["exec", "kept", "cat", "/file"]);
    expect(stdout).toBe("text");
    await expect(container("busybox", { ...none, name: "kept" })).rejects.toMatchObject({
      code: "CONFLICT",
    });
    await box.close();
    await expect(container.get("kept")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(box.exec(["true"])).rejects.toMatchObject({ code: "ENDED" });
    await expectAsBefore(engine, before);
  });

  test("await using lets go of it; close() in any program ends it", async () => {
    const before = hostPicture(engine);
    {
      await using _ = await container("busybox", { ...none, name: "let-go", detach: true });
    }
    const code = `const box = await container.get("let-go"); console.log(await box.$\`echo here\`.text()); await box.close();`;
    expect(await program(code)).toBe("here");
    await expectAsBefore(engine, before);
  });

  test("its end by another's hand is noticed", async () => {
    await using box = await container("busybox", { ...none, name: "killed", detach: true });
    const events = Array.fromAsync(box.events());
    await engine.run(["rm", "-f", "killed"]);
    await box.ended;
    await expect(box.exec(["true"])).rejects.toMatchObject({ code: "ENDED" });
    expect(await events).toMatchObject([{ type: "end", reason: "its PID 1 was ended" }]);
  });

  test("it can be stopped and started again, with its files, and sleeps again", async () => {
    const before = hostPicture(engine);
    {
      await using box = await container("busybox", { ...none, name: "again", detach: true });
      await box.writeFile("/file", "text");
    }
    await engine.run(["kill", "again"]);
    await eventually(async () => (await engine.run(["ps", "-a"])).stdout.includes("xited"));
    await expect(container.get("again")).rejects.toMatchObject({ code: "CONFLICT" });
    expect((await engine.run(["start", "again"])).stderr).toBe("");
    const box = await container.get("again");
    expect(await box.readFile("/file", "utf8")).toBe("text");
    await box.close();
    await expectAsBefore(engine, before);
  });

  test("a container of kontener run -d is a box too", async () => {
    await engine.run(["run", "-d", "--network", "none", "--name", "cli", "busybox", "sleep", "60"]);
    await using box = await container.get("cli");
    expect(await box.$`cat /proc/1/comm`.text()).toBe("sleep\n");
    await using fork = await box.fork();
    expect(fork.id).not.toBe(box.id);
    await box.close();
    expect((await engine.run(["ps", "-a"])).stdout).not.toContain("cli ");
    expect(await fork.$`echo on`.text()).toBe("on\n");
  });

  test("limits that nobody would be there for are refused", async () => {
    for (const more of [{ timeout: "1s" }, { signal: new AbortController().signal }])
      await expect(container("busybox", { ...none, detach: true, ...more })).rejects.toMatchObject({
        code: "INVALID",
      });
  });

  test("events: commands start and exit, and the end comes last", async () => {
    const box = await container("busybox", none);
    const all = Array.fromAsync(box.events());
    await box.exec(["sh", "-c", "exit 3"]);
    await box.exec(["no-such-command"]).catch(() => undefined);
    const sleeper = box.spawn(["sleep", "60"]);
    await sleeper.started;
    await box.close();
    const seen = (await all).map((event) => {
      expect(event.time).toBeInstanceOf(Date);
      return event.type === "end"
        ? event.reason
        : [event.type, event.id, event.command[0], event.type === "exit" && event.exitCode];
    });
    expect(seen).toEqual([
      ["start", 1, "sh", false],
      ["exit", 1, "sh", 3],
      ["start", 3, "sleep", false],
      ["exit", 3, "sleep", 137],
      "it was closed",
    ]);
    expect(await Array.fromAsync(box.events())).toMatchObject([{ type: "end" }]);
  });
});
