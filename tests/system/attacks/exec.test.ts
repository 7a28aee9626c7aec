import { expect, test } from "bun:test";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { doHostSteps } from "../../../src/engine/host-steps.ts";
import { launcherPath } from "../../../src/launch/launcher.ts";
import { launch } from "../../../src/launch/launch.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { buildJoinPlan } from "../../../src/plan/build.ts";
import { FIRST_STORED_FD, type Plan, type Step } from "../../../src/plan/step.ts";
import { describeAsRoot, eventually } from "../support.ts";
import { loadersOf } from "./loader.ts";
import { withSteps, without, WeakWorld } from "./weak-world.ts";

const nsenter = "/usr/bin/nsenter";

/**
 * Somebody joins a container that is in hostile hands: what they bring along, powers, descriptors, memory, their program,
 * must be out of reach before they have become the command.
 */

const why = "the attack";
const isCall = (call: string) => (step: Step) => step.call === call;

type Watch = { powers?: string[]; owned?: boolean };

/** A container that runs, and a way into it; `weaken` changes the joining process's plan. */
class Hostile {
  readonly world = new WeakWorld();
  readonly spec: RuntimeSpec;
  readonly box: string;
  #pid = 0;
  #ended: Promise<unknown> | undefined;

  constructor({ powers = [], owned = false }: Watch = {}) {
    this.box = join(this.world.path, "box");
    mkdirSync(this.box);
    Bun.spawnSync(["mkfifo", join(this.box, "door")]);
    this.spec = this.world.spec(["sh", "-c", "while :; do sleep 9; done"]);
    this.spec.mounts.push({ destination: "/mnt", source: this.box, options: ["bind"] });
    for (const set of ["bounding", "effective", "permitted"] as const)
      this.spec.process.capabilities![set].push(...powers);
    if (!owned) return;
    this.spec.linux.namespaces.unshift({ type: "user" });
    const mapping = { containerID: 0, hostID: 200_000, size: 65_536 };
    this.spec.linux.uidMappings = this.spec.linux.gidMappings = [mapping];
    this.spec.mounts.at(-1)!.options!.push("idmap");
  }

  get pid(): number {
    return this.#pid;
  }

  async start(): Promise<void> {
    const running = Promise.withResolvers<void>();
    const hooks = {
      executed: running.resolve,
      born: async (pid: number) => {
        this.#pid = pid;
        await doHostSteps(this.world.plan(this.spec).birth, pid);
      },
    };
    this.#ended = this.world.run(this.spec, { hooks }).catch(running.reject);
    await running.promise;
  }

  /** Joins with a command; `born` is told of the process while it waits, with its number inside. */
  async join(
    args: string[],
    weaken: (plan: Plan) => Plan = (plan) => plan,
    born: (inside: number, pid: number) => Promise<void> = async () => {},
    cwd = "/",
  ): Promise<number> {
    const spec = { ...this.spec, process: { ...this.spec.process, args, cwd }, annotations: {} };
    const facts = { pid: this.#pid, filter: undefined, dieWithParent: true, before: [], birth: [] };
    try {
      const ended = await launch(
        weaken(buildJoinPlan(spec, facts)),
        { stdio: ["ignore", "ignore", "ignore"] },
        { born: (pid) => born(insideOf(pid), pid) },
      );
      return ended.code;
    } catch (error) {
      if (error instanceof Error && "errno" in error) return 125;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#pid) process.kill(this.#pid, "SIGKILL");
    await this.#ended;
    this.world[Symbol.dispose]();
  }
}

/** NSpid of proc_pid_status(5): the last is the innermost. */
const insideOf = (pid: number): number =>
  Number(/^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);

/** What a hostile root tries on a process with this number; each ends well where it succeeds. */
const grasps: Record<string, (pid: number) => string> = {
  "its descriptors": (pid) => `ls /proc/${pid}/fd/0`,
  "its program": (pid) => `readlink /proc/${pid}/exe`,
  "its memory": (pid) => `exec 9< /proc/${pid}/mem`,
  "its environment": (pid) => `cat /proc/${pid}/environ`,
};

describeAsRoot("a process that joins a container, while it has the host's powers,", () => {
  for (const [what, grasp] of Object.entries(grasps)) {
    const attack = async (watch: Watch): Promise<boolean> => {
      await using hostile = new Hostile(watch);
      await hostile.start();
      let succeeded: boolean | undefined;
      await hostile.join(["true"], undefined, async (pid) => {
        succeeded = (await hostile.join(["sh", "-c", grasp(pid)])) === 0;
      });
      return succeeded!;
    };

    test(`keeps ${what} to itself (CVE-2016-9962, CVE-2019-5736)`, async () => {
      expect(await attack({ powers: ["CAP_SYS_PTRACE"] })).toBe(true);
      expect(await attack({})).toBe(false);
    });

    test(`keeps ${what} to itself in a user namespace even from who may trace`, async () => {
      const powers = ["CAP_SYS_PTRACE"];
      expect(await attack({ powers })).toBe(true);
      expect(await attack({ powers, owned: true })).toBe(false);
    });
  }
});

describeAsRoot("a process that joins a container, with no more powers than it,", () => {
  /** It waits at a FIFO with all seals on, just before it becomes the command, until somebody inside writes there. */
  const atTheDoor =
    (weak: boolean) =>
    (plan: Plan): Plan => ({
      ...plan,
      monitor: weak
        ? plan.monitor.filter((s) => !(s.call === "prctl" && s.option === "PR_SET_DUMPABLE"))
        : plan.monitor,
      init: withSteps(plan.init, isCall("execve"), {
        call: "openat",
        dirfd: "AT_FDCWD",
        pathname: "/mnt/door",
        flags: ["O_RDONLY"],
        mode: 0,
        why,
      }),
    });

  /** Past no_new_privs, the last seal but the filter, and asleep. */
  const waits = (pid: number): boolean =>
    /^State:\tS[^]*^NoNewPrivs:\t1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

  for (const [what, grasp] of Object.entries(grasps))
    test(`keeps ${what} to itself until it is the command (CVE-2016-9962)`, async () => {
      for (const weak of [true, false]) {
        await using hostile = new Hostile();
        await hostile.start();
        let process = { pid: 0, inside: 0 };
        const joining = hostile.join(["true"], atTheDoor(weak), async (inside, pid) => {
          process = { pid, inside };
        });
        await eventually(() => process.pid > 0 && waits(process.pid));
        const succeeded = (await hostile.join(["sh", "-c", grasp(process.inside)])) === 0;
        closeSync(openSync(join(hostile.box, "door"), "w"));
        expect(await joining).toBe(0);
        expect({ weak, succeeded }).toEqual({ weak, succeeded: weak });
      }
    });
});

describeAsRoot("a process that joins a container by way of a leaked descriptor", () => {
  const leak = (pathname: string): Step[] => [
    {
      call: "openat",
      dirfd: "AT_FDCWD",
      pathname,
      flags: ["O_RDONLY", "O_DIRECTORY"],
      mode: 0,
      why,
      store: why,
    },
    { call: "dup3", oldfd: { stored: why }, newfd: 40, flags: [], why },
  ];
  const isFirst = (s: Step) => s.call === "close_range" && s.first === FIRST_STORED_FD;

  test("cannot have a directory of the host's as its working directory (CVE-2024-21626)", async () => {
    for (const weak of [true, false]) {
      await using hostile = new Hostile();
      await hostile.start();
      writeFileSync(join(hostile.world.path, "secret"), "");
      const leaky = (plan: Plan): Plan => ({
        ...plan,
        monitor: [...leak(hostile.world.path), ...plan.monitor],
        init: weak ? without(isFirst)(plan.init) : plan.init,
      });
      const args = ["sh", "-c", "cat secret"];
      const code = await hostile.join(args, leaky, undefined, "/proc/self/fd/40");
      expect({ weak, read: code === 0 }).toEqual({ weak, read: weak });
    }
  });

  test("cannot hand it to the command", async () => {
    for (const weak of [true, false]) {
      await using hostile = new Hostile();
      await hostile.start();
      writeFileSync(join(hostile.world.path, "secret"), "");
      const leaky = (plan: Plan): Plan => ({
        ...plan,
        monitor: [...leak(hostile.world.path), ...plan.monitor],
        init: weak ? without(isCall("close_range"))(plan.init) : plan.init,
      });
      const code = await hostile.join(["sh", "-c", "cat /proc/self/fd/40/secret"], leaky);
      expect({ weak, read: code === 0 }).toEqual({ weak, read: weak });
    }
  });
});

/** CVE-2019-5736: the container names the joining process's own program as the one to run. */
describeAsRoot("a process that joins a container and is told to run itself", () => {
  /** Its name in the container is a link to whoever runs it, with busybox as what the kernel runs to load it. */
  test("hands nobody inside a program of the host's, as nsenter does", async () => {
    await using hostile = new Hostile();
    for (const loader of loadersOf(nsenter)) {
      const place = join(hostile.world.rootfs, loader);
      mkdirSync(dirname(place), { recursive: true });
      copyFileSync(join(hostile.world.rootfs, "bin/busybox"), place);
    }
    symlinkSync("/proc/self/exe", join(hostile.world.rootfs, "dd"));
    await hostile.start();
    const theft = ["/dd", "if=/proc/self/exe", "of=/mnt/stolen"];
    const stolen = (): Buffer => readFileSync(join(hostile.box, "stolen"));
    Bun.spawnSync([nsenter, "-t", String(hostile.pid), "--mount", "--pid", "--root", ...theft]);
    expect(stolen().equals(readFileSync(nsenter))).toBe(true);
    rmSync(join(hostile.box, "stolen"));
    expect(await hostile.join(theft)).not.toBe(0);
    expect(existsSync(join(hostile.box, "stolen"))).toBe(false);
  });

  // Their control is the test above: the program of another tool is there to be named.
  test.each(["/proc/self/exe", "/mnt/script"])(
    "runs nothing of the host's: %s",
    async (command) => {
      await using hostile = new Hostile();
      await hostile.start();
      writeFileSync(join(hostile.box, "script"), "#!/proc/self/exe\n", { mode: 0o755 });
      const before = readFileSync(launcherPath());
      expect(await hostile.join([command])).not.toBe(0); // the launcher again, with nothing to do, or nothing
      expect(readFileSync(launcherPath())).toEqual(before);
      expect(await hostile.join(["true"])).toBe(0);
    },
  );
});
