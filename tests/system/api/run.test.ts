import { expect, test } from "bun:test";
import { run, type RunOptions } from "../../../src/index.ts";
import { describeAsRoot, eventually, expectAsBefore, hostPicture } from "../support.ts";
import { descriptors, useEngine } from "./library.ts";

describeAsRoot("run", () => {
  const engine = useEngine(43);
  const none = { network: "none" } as const;

  test("gives exit code, signal, both outputs and usage of a container of its own", async () => {
    const output = await run("busybox", ["sh", "-c", "cat; echo err >&2; exit 3"], {
      ...none,
      input: "in",
    });
    expect(output).toMatchObject({ exitCode: 3, signal: null, oomKilled: false, timedOut: false });
    expect([output.stdout, output.stderr]).toEqual(["in", "err\n"]);
    expect(output.usage.cpuTime).toBeGreaterThan(0);
    expect(output.usage.memoryPeak).toBeGreaterThan(0);
    expect(output.usage.wallTime).toBeGreaterThan(0);
  });

  test("a timeout and an abort kill all of it", async () => {
    const late = await run("busybox", ["sh", "-c", "sleep 60 & sleep 60"], {
      ...none,
      timeout: "300ms",
    });
    expect(late).toMatchObject({ exitCode: 137, timedOut: true });
    const signal = AbortSignal.timeout(200);
    await expect(run("busybox", ["sleep", "60"], { ...none, signal })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  test("too little memory and too much output", async () => {
    const big = await run("busybox", ["sh", "-c", "x=a; while :; do x=$x$x; done"], {
      ...none,
      memory: "8M",
    });
    expect(big.oomKilled).toBe(true);
    const long = await run("busybox", ["yes"], { ...none, maxOutput: 1000 });
    expect(long).toMatchObject({ truncated: true, signal: "SIGKILL" });
  });

  test.each([
    ["an image that is not there", "no-such-image", ["true"], { pull: "never" }, "NOT_FOUND"],
    ["a command that is not there", "busybox", ["nope"], none, "NOT_FOUND"],
    ["an option that there is not", "busybox", ["true"], { memroy: 1 }, "INVALID"],
    ["too little memory for anything", "busybox", ["true"], { memory: 1 }, "INVALID"],
    ["a user that is not there", "busybox", ["true"], { ...none, user: "nobody-x" }, "INVALID"],
  ] as const)("%s is an error by its code", async (_, image, command, options, code) => {
    await expect(run(image, command, options as RunOptions)).rejects.toMatchObject({ code });
  });

  test("many at once leave nothing on the host, nor in this process", async () => {
    await run("busybox", ["true"], none);
    const before = hostPicture(engine);
    Bun.gc(true);
    const open = descriptors();
    for (let round = 0; round < 3; round++)
      await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          const { exitCode } = await run("busybox", ["sh", "-c", `exit ${i}`], none);
          expect(exitCode).toBe(i);
        }),
      );
    Bun.gc(true);
    await eventually(() => descriptors().length <= open.length).catch(() => {
      expect(descriptors()).toEqual(open);
    });
    await expectAsBefore(engine, before);
  });
});
