import { expect, test } from "bun:test";
import { describeAsRoot, Engine } from "../support.ts";
import { Faults, strace } from "./faults.ts";
import { Leftovers } from "./leftovers.ts";

/**
 * The kernel says no, once, to each call that kontener makes for a container, one after the other: no memory, no
 * descriptor left. (Bun's own calls on its way up are Bun's concern.)
 */
const faultsOf = {
  mkdirat: "ENOMEM",
  openat: "EMFILE",
  renameat2: "ENOMEM",
  symlinkat: "ENOSPC",
  memfd_create: "EMFILE",
  socketpair: "EMFILE",
  vfork: "EAGAIN",
  flock: "ENOLCK",
  unlinkat: "ENOMEM",
} as const;

describeAsRoot("a call that fails for want of memory or descriptors", () => {
  const engine = new Engine(37);
  const leftovers = new Leftovers(engine);
  const faults = new Faults(engine, (trace) => leftovers.note(trace));
  const calls = Object.keys(faultsOf).join();
  /** What it opens, makes and removes for a container has one of these in its path. */
  const own = new RegExp(
    `${engine.directory}|/sys/fs/cgroup|/proc/self/mountinfo|memfd|socketpair|vfork|flock`,
  );

  test.skipIf(!strace)(
    "leaves nothing behind, and is named",
    async () => {
      const command = ["run", "--name", "victim", "--network", "none", "busybox", "true"];
      await engine.run(command); // the image
      const { trace } = await faults.trace(command, undefined, calls);
      let named = 0;
      for (const [name, errno] of Object.entries(faultsOf)) {
        const lines = trace.split("\n").filter((line) => line.startsWith(`${name}(`));
        for (const [i, line] of lines.entries()) {
          if (!own.test(line)) continue;
          const fault = `${name}:error=${errno}:when=${i + 1}`;
          const { stderr, exitCode } = await faults.trace(command, fault, calls);
          expect([fault, line, stderr]).not.toEqual([
            fault,
            line,
            expect.stringContaining("a bug"),
          ]);
          if (exitCode !== 0) {
            expect([fault, line, stderr]).toEqual([fault, line, expect.stringContaining(errno)]);
            named++;
          }
          await engine.run(["ps"]);
          await leftovers.expectNone(`${fault} ${line}`);
        }
      }
      expect(named).toBeGreaterThan(15);
    },
    300_000,
  );
});
