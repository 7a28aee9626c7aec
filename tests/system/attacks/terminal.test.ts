import { expect } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeRequest } from "../../../src/launch/reference/request.ts";
import { Person } from "../pseudo-terminal.ts";
import { describeAsRoot, noCompiler, testUnless } from "../support.ts";
import { attackedEngine } from "./attack.ts";
import { WeakWorld, without } from "./weak-world.ts";

const perform = new URL("perform.ts", import.meta.url).pathname;

/** What a process has from whoever started it: a terminal, a session, keys. */
describeAsRoot("a program started from somebody's session", () => {
  const engine = attackedEngine(66);

  /** The exit code of an attack, of a container that was started by `command` and the engine's in words. */
  async function attack(
    attack: string,
    weaken: WeakWorld["weaken"] | undefined,
    start: (command: string[]) => Promise<number>,
  ): Promise<number> {
    using world = new WeakWorld();
    copyFileSync(engine.probe, join(world.rootfs, "probe"));
    if (weaken) world.weaken = weaken;
    const file = join(world.path, "plan");
    const plan = world.plan(world.spec(["/probe", attack]));
    writeFileSync(file, encodeRequest({ plan, narrate: false, ask: false }));
    return await start([process.execPath, perform, file]);
  }

  const atTerminal = async (command: string[]): Promise<number> => {
    await using person = new Person(command, engine.env);
    return await person.exited;
  };

  testUnless(noCompiler)("cannot open the caller's terminal", async () => {
    const weak = without(({ call }) => call === "setsid");
    expect(await attack("open_terminal", weak, atTerminal)).toBe(0);
    expect(await attack("open_terminal", undefined, atTerminal)).toBe(1);
  });

  testUnless(noCompiler ?? (canType() ? undefined : "this kernel has TIOCSTI switched off"))(
    "cannot type into the caller's terminal, which is its standard input (CVE-2017-5226)",
    async () => {
      const type = (...flags: string[]) => {
        const volume = `${engine.probe}:/probe:ro`;
        const words = ["--network", "none", "-i", "-v", volume, ...flags];
        return atTerminal(
          engine.command(["run", ...words, "busybox", "/probe", "type_into_terminal"]),
        );
      };
      expect(await type("--privileged")).toBe(0);
      expect(await type()).toBe(1);
      // Not the filter's doing: a session of its own is enough.
      expect(await type("--security-opt", "seccomp=unconfined")).toBe(1);
    },
  );

  testUnless(noCompiler)("cannot read the keys of the caller's session", async () => {
    const inSession = async (command: string[]): Promise<number> =>
      await Bun.spawn([engine.probe, "with_key", ...command], { stderr: "ignore" }).exited;
    const weak = without(({ call }) => call === "keyctl");
    expect(await attack("read_key", weak, inSession)).toBe(0);
    expect(await attack("read_key", undefined, inSession)).toBe(1);
  });
});

/** Linux 6.2 can switch TIOCSTI off for everybody but CAP_SYS_ADMIN. */
function canType(): boolean {
  try {
    return readFileSync("/proc/sys/dev/tty/legacy_tiocsti", "utf8").trim() === "1";
  } catch {
    return true;
  }
}
