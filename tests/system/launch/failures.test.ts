import { describe, expect, test } from "bun:test";
import type { SyscallError } from "../../../src/abi/error.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { isRoot, World, type Run } from "./world.ts";

type Case = { spoil: (spec: RuntimeSpec, world: World) => void; error: Partial<SyscallError> };

const cases: Record<string, Case> = {
  "a command that is not there": {
    spoil: (spec) => (spec.process.args = ["/no/such"]),
    error: { call: "execve", errno: "ENOENT", args: expect.stringContaining('"/no/such"') },
  },
  "a command that is in none of PATH's directories": {
    spoil: (spec) => (spec.process.args = ["nosuch"]),
    error: { call: "execve", errno: "ENOENT", args: expect.stringContaining('"/bin/nosuch"') },
  },
  "a command that may not be executed, though a later directory of PATH lacks it": {
    spoil(spec) {
      spec.process.env = ["PATH=/etc:/bin"];
      spec.process.args = ["passwd"];
    },
    error: { call: "execve", errno: "EACCES", args: expect.stringContaining('"/etc/passwd"') },
  },
  "a volume whose source is not there": {
    spoil: (spec, world) =>
      spec.mounts.push({ destination: "/mnt/a", type: "bind", source: `${world.path}/none` }),
    error: { call: "open_tree", errno: "ENOENT", args: expect.stringContaining("/none") },
  },
  "a file system that the kernel does not have": {
    spoil: (spec) => spec.mounts.push({ destination: "/mnt", type: "nosuchfs" }),
    error: { call: "mount", errno: "ENODEV", args: expect.stringContaining('"nosuchfs"') },
  },
  "a namespace that is none, in the monitor": {
    spoil: (spec) => spec.linux.namespaces.push({ type: "time", path: "/dev/null" }),
    error: { call: "setns", errno: "EINVAL", step: expect.stringContaining("join a namespace") },
  },
  "a working directory that is a file": {
    spoil: (spec) => (spec.process.cwd = "/etc/passwd"),
    error: { call: "chdir", errno: "ENOTDIR", args: '"/etc/passwd"' },
  },
};

for (const executor of ["launcher", "reference"] as const) {
  describe.skipIf(!isRoot)(`the ${executor} names call, arguments, error and step:`, () => {
    for (const [name, { spoil, error }] of Object.entries(cases)) {
      test(name, async () => {
        using world = new World();
        const spec = world.spec(["true"]);
        spoil(spec, world);
        expect(await failure(world, spec, { executor })).toMatchObject({
          code: "SYSCALL",
          ...error,
        });
      });
    }
  });
}

/** What a start that fails throws. */
async function failure(world: World, spec: RuntimeSpec, run: Run): Promise<unknown> {
  let executed = false;
  try {
    await world.run(spec, { ...run, hooks: { ...run.hooks, executed: () => (executed = true) } });
  } catch (error) {
    expect(executed).toBe(false);
    return error;
  }
  throw new Error("the start did not fail");
}

describe.skipIf(!isRoot)("an engine that fails while PID 1 waits", () => {
  for (const executor of ["launcher", "reference"] as const) {
    test(`ends what the ${executor} began`, async () => {
      using world = new World();
      let pid = 0;
      const born = (number: number): void => {
        pid = number;
        throw new Error("no address is left");
      };
      const error = await failure(world, world.spec(["true"]), { executor, hooks: { born } });
      expect(String(error)).toContain("no address is left");
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    });
  }
});
