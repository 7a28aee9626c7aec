import { expect, test } from "bun:test";
import { container, run } from "../../../src/index.ts";
import { describeAsRoot, eventually, expectAsBefore, hostPicture } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("a box ends with its owner", () => {
  const engine = useEngine(46);
  const none = { network: "none" } as const;
  const sleepers = () => Bun.spawnSync(["pgrep", "-f", "^sleep 1234$"]).stdout.toString();
  const owner = (how: string) =>
    Bun.spawn([process.execPath, `${import.meta.dir}/owner.ts`, how], {
      env: { ...engine.env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });

  test("await using takes all of it away, also when the scope is left by an error", async () => {
    await run("busybox", ["true"], none);
    const before = hostPicture(engine);
    const failing = async () => {
      await using box = await container("busybox", none);
      box.spawn(["sleep", "1234"], { stdout: "ignore", stderr: "ignore" });
      await box.exec(["true"]);
      throw new Error("a mistake");
    };
    await expect(failing()).rejects.toThrow("a mistake");
    await expectAsBefore(engine, before);
  });

  test("one that nobody refers to any more is collected; one in use is not", async () => {
    const before = hostPicture(engine);
    const run = await (async () => {
      const box = await container("busybox", none);
      return box.spawn(["sh", "-c", "sleep 1; echo lived"]);
    })();
    for (let i = 0; i < 20; i++) {
      Bun.gc(true);
      await Bun.sleep(20);
    }
    expect(await run.text()).toBe("lived\n");
    await eventually(async () => {
      Bun.gc(true);
      await Bun.sleep(50);
      return hostPicture(engine)["layers"]!.length === before["layers"]!.length;
    }, 10_000);
    await expectAsBefore(engine, before);
  });

  test.each(["exit", "throw", "kill", "worker"])(
    "an owner that ends by %s leaves no process, and the next start takes the rest",
    async (how) => {
      await run("busybox", ["true"], none);
      const before = hostPicture(engine);
      const child = owner(how === "kill" ? "wait" : how);
      const { value } = await child.stdout.getReader().read();
      expect(new TextDecoder().decode(value)).toBe("ready\n");
      if (how === "kill") child.kill("SIGKILL");
      if (how === "worker") {
        expect(sleepers()).not.toBe("");
        child.stdin.write("terminate\n");
        child.stdin.flush();
        await eventually(() => sleepers() === "");
        child.kill("SIGKILL");
      }
      await child.exited;
      await eventually(() => sleepers() === "");
      await run("busybox", ["true"], none);
      await expectAsBefore(engine, before);
    },
  );

  test("an owner with a large heap, busy workers and its collector at work starts all that it asks for", async () => {
    const child = Bun.spawn([process.execPath, `${import.meta.dir}/busy-owner.ts`], {
      env: { ...engine.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(await child.stdout.text()).toBe("20 300000\n");
  });

  test("a child that the owner spawns meanwhile gets none of the engine's descriptors", async () => {
    const children = async () => {
      for (let i = 0; i < 10; i++) {
        const child = Bun.spawn(["ls", "/proc/self/fd"], { stdout: "pipe" });
        expect(await child.stdout.text()).toBe("0\n1\n2\n3\n"); // 3: the directory that ls reads
      }
    };
    await using box = await container("busybox", none);
    const sleeper = box.spawn(["sleep", "60"], { stdin: "pipe" });
    await Promise.all([
      children(),
      ...[1, 2, 3].map(() => box.exec(["true"])),
      run("busybox", ["true"], none),
      box.writeFile("/big", "x".repeat(1e7)),
      box.glob("/**/*"),
    ]);
    await sleeper.kill();
  });

  test("many boxes at once, each with commands at once", async () => {
    const before = hostPicture(engine);
    await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        await using box = await container("busybox", none);
        const outputs = await Promise.all(
          Array.from({ length: 4 }, (_, k) => box.exec(["echo", `${i}.${k}`])),
        );
        expect(outputs.map(String)).toEqual([0, 1, 2, 3].map((k) => `${i}.${k}`));
      }),
    );
    await expectAsBefore(engine, before);
  });
});
