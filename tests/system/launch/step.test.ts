import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { formatStep } from "../../../src/plan/format.ts";
import { isRoot, World } from "./world.ts";

describe.skipIf(!isRoot)("a birth step by step", () => {
  test("asks before each step, in the order of the plan, and goes on after a yes", async () => {
    using world = new World();
    const spec = world.spec(["true"]);
    const asked: string[] = [];
    const { ended } = await world.run(spec, {
      hooks: { step: (step) => asked.push(formatStep(step)) > 0 },
    });
    const { monitor, init } = world.plan(spec);
    const planned = [...monitor, ...init].map((step) => formatStep(step));
    expect(ended).toEqual({ code: 0, signal: null });
    expect(asked).toEqual(planned.slice(0, asked.length));
    expect(asked.at(-1)).toStartWith('execve("/bin/true"');
  });

  test("a step has not happened while its question is open, and has before the next", async () => {
    using world = new World();
    let pid = 0;
    const names: string[] = [];
    await world.run(world.spec(["true"]), {
      hooks: {
        born: (number) => void (pid = number),
        step(step) {
          const mounted = () => readFileSync(`/proc/${pid}/mountinfo`, "utf8").includes(world.path);
          if (step.call === "mount" && step.source === "overlay")
            names.push(`before: ${mounted()}`);
          if (step.call === "chdir" && names.length === 1) names.push(`after: ${mounted()}`);
          return true;
        },
      },
    });
    expect(names).toEqual(["before: false", "after: true"]);
  });

  for (const call of ["unshare", "meet", "pivot_root", "setresuid", "execve"]) {
    test(`a no before ${call} gives up and leaves no process and no mount`, async () => {
      using world = new World();
      let pid = 0;
      const start = world.run(world.spec(["true"]), {
        hooks: {
          born: (number) => void (pid = number),
          step: async (step) => step.call !== call,
        },
      });
      const error = await start.then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(error).toMatchObject({
        code: "ABORTED",
        message: expect.stringContaining(`before ${call}(`),
      });
      if (pid) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(world.path);
    });
  }
});
