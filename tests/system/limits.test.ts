import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { describeAsRoot, Engine } from "./support.ts";

describeAsRoot("limits", () => {
  const engine = new Engine(12);
  const run = (flags: string[], ...command: string[]) =>
    engine.run(["run", "--network", "none", ...flags, "busybox", ...command]);
  const hog = ["dd", "if=/dev/zero", "of=/dev/null", "bs=150M", "count=1"]; // a buffer of 150 MB, all written

  test("a program that takes more than the limit is killed, and it is said in words", async () => {
    const { stderr, exitCode } = await run([], ...hog);
    expect(exitCode).toBe(137);
    expect(stderr).toContain("killed: out of memory, limit 100 MB");
  });

  test("the same program runs where the limit is higher or lifted", async () => {
    for (const limit of ["200m", "unlimited"]) {
      const { stderr, exitCode } = await run(["--memory", limit], ...hog);
      expect([exitCode, stderr]).toEqual([0, expect.stringContaining("1+0 records out")]);
    }
  });

  for (const executor of ["launcher", "reference"]) {
    test(`the ${executor}'s container is in its control groups from its first instruction on`, async () => {
      const flags = ["--cgroupns", "host", "--executor", executor];
      const { stdout } = await run(flags, "cat", "/proc/self/cgroup");
      const groups = stdout.split("\n").filter((line) => line.includes("/kontener/"));
      expect(groups.map((line) => line.split(":")[1])).toContain(
        existsSync("/sys/fs/cgroup/memory") ? "memory" : "",
      );
      expect(new Set(groups.map((line) => line.split(":")[2])).size).toBe(1);
    });
  }

  test("--format json tells what the container used", async () => {
    const { stderr } = await run(
      ["--format", "json"],
      "sh",
      "-c",
      "head -c 20m /dev/zero | tail > /dev/null; i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done",
    );
    const result = JSON.parse(stderr.trim().split("\n").at(-1)!);
    expect(result.exitCode).toBe(0);
    expect(result.oomKilled).toBe(false);
    expect(result.usage.memoryPeak).toBeGreaterThan(20 * 1024 * 1024);
    expect(result.usage.cpuTimeUsec).toBeGreaterThan(1000);
  });

  test("--pids-limit stops a fork bomb", async () => {
    const { stderr } = await run(
      ["--pids-limit", "5"],
      "sh",
      "-c",
      "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait",
    );
    expect(stderr).toContain("can't fork");
  });

  test("--cpus holds a busy loop back", async () => {
    const { stderr } = await run(
      ["--cpus", "0.2", "--init", "--format", "json"],
      "timeout",
      "1",
      "sh",
      "-c",
      "while :; do :; done",
    );
    const result = JSON.parse(stderr.trim().split("\n").at(-1)!);
    expect(result.usage.cpuTimeUsec).toBeLessThan(450_000); // 0.2 of a second, with room for a noisy machine
  });

  test("--memory 1 is too small, and says so", async () => {
    const { stderr, exitCode } = await run(["--memory", "1"], "true");
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/too small/);
  });
});
