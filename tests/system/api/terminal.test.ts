import { expect, test } from "bun:test";
import { container, type Run } from "../../../src/index.ts";
import { describeAsRoot, eventually } from "../support.ts";
import { descriptors, useEngine } from "./library.ts";

describeAsRoot("a command with a terminal", () => {
  useEngine(50);
  const start = () => container("busybox", { network: "none" });
  const size = { cols: 100, rows: 30 };

  test("has one of the box's own, of the size that was asked for and then another", async () => {
    await using box = await start();
    const run = box.spawn(["sh", "-c", "tty; stty size; read go; stty size; exit 3"], {
      terminal: size,
    });
    const seen = watch(run);
    await eventually(() => seen().includes("30 100"));
    expect(seen()).toStartWith("/dev/pts/0\r\n30 100\r\n");
    run.resize({ cols: 120, rows: 40 });
    await run.stdin.write("go\n");
    expect((await run.exited).exitCode).toBe(3);
    await eventually(() => seen().endsWith("go\r\n40 120\r\n"));
  });

  test("^C interrupts, ^D ends the input", async () => {
    await using box = await start();
    const sleeper = box.spawn(["sleep", "60"], { terminal: size });
    await Bun.sleep(100);
    await sleeper.stdin.write("\x03");
    expect((await sleeper.exited).signal).toBe("SIGINT");
    const cat = box.spawn(["cat"], { terminal: size });
    await cat.stdin.write("line\n");
    await cat.stdin.end();
    expect(await cat.text()).toBe("line\r\nline\r\n");
    expect((await cat.exited).exitCode).toBe(0);
  });

  test("prints much, and leaves no descriptor", async () => {
    await using box = await start();
    const seq = () => box.spawn(["seq", "20000"], { terminal: size }).text();
    const expected = Array.from({ length: 20000 }, (_, i) => `${i + 1}\r\n`).join("");
    expect(await seq()).toBe(expected);
    Bun.gc(true);
    const open = descriptors().length;
    for (let i = 0; i < 10; i++) expect(await seq()).toBe(expected);
    Bun.gc(true);
    await eventually(() => descriptors().length <= open);
  });

  test("cannot have pipes as well", async () => {
    await using box = await start();
    expect(() => box.spawn(["true"], { terminal: size, stdout: "pipe" })).toThrow(/^terminal: /);
  });
});

/** What a run has printed so far. */
function watch(run: Run): () => string {
  let text = "";
  void (async () => {
    for await (const chunk of run.stdout) text += new TextDecoder().decode(chunk);
  })();
  return () => text;
}
