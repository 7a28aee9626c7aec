/** The attack suite: what a hostile program tries, in a container and in one without the protection in question. */
import { afterAll, beforeAll, expect } from "bun:test";
import { compiler, Engine, noCompiler, testUnless } from "../support.ts";

export type Attack = {
  /** The end of a sentence that begins with "cannot". */
  to: string;
  /** Shell, for busybox, which ends well where the attack succeeds. It may use /probe, which is probe.c. */
  script: string;
  /** The flags that take the protection away. */
  off: readonly string[];
  /** Flags of both containers, which the attack needs to mean anything. */
  with?: readonly string[];
  /** Flags that are the protection, where it is not on by default. */
  on?: readonly string[];
  /** Why there is nothing to attack on this host. */
  lack?: string | undefined;
  /** In containers of its own: it may end its container or use it up. */
  alone?: boolean;
};

const source = new URL("probe.c", import.meta.url).pathname;

/** An engine with an image and the probe, for the attacks of one topic. */
export function attackedEngine(number: number): Engine & { probe: string } {
  const engine = new Engine(number);
  const probe = `${engine.directory}/probe`;
  beforeAll(async () => {
    if (compiler)
      expect(Bun.spawnSync([compiler, "-O1", "-static", "-o", probe, source]).stderr + "").toBe("");
    await engine.run(["prepare", "busybox"]);
  });
  return Object.assign(engine, { probe });
}

/** The tests of a topic: for each attack one, which asserts that it fails, and that it succeeds with the flags of `off`. */
export function testAttacks(
  engine: Engine & { probe: string },
  attacks: () => readonly Attack[],
): void {
  const list = attacks();
  const runs = new Map<string, Promise<Map<string, Outcome>>>();
  /** All attacks with the same flags go into one container, one after the other. */
  const outcome = async (attack: Attack, side: "on" | "off") => {
    const flagsOf = (a: Attack): string[] => [...(a.with ?? []), ...(a[side] ?? [])];
    const key = (a: Attack): string => JSON.stringify([side, flagsOf(a), a.alone ? a.to : ""]);
    const same = list.filter((a) => key(a) === key(attack) && lackOf(a) === undefined);
    const run = runs.get(key(attack)) ?? attackAll(engine, same, flagsOf(attack));
    runs.set(key(attack), run);
    return (await run).get(attack.to)!;
  };
  for (const attack of list)
    testUnless(lackOf(attack))(`cannot ${attack.to}`, async () => {
      const off = await outcome(attack, "off");
      expect({ side: `with ${attack.off.join(" ")}`, ...off }).toMatchObject({ succeeded: true });
      const on = await outcome(attack, "on");
      expect({ side: "with the protection", ...on }).toMatchObject({ succeeded: false });
    });
}

const lackOf = ({ script, lack }: Attack): string | undefined =>
  lack ?? (script.includes("/probe") ? noCompiler : undefined);

type Outcome = { succeeded: boolean; output: string };

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

async function attackAll(
  engine: Engine & { probe: string },
  attacks: readonly Attack[],
  flags: readonly string[],
): Promise<Map<string, Outcome>> {
  const script = attacks
    .map(({ script }) => `echo "@@begin"; timeout 20 sh -c ${quote(script)} 2>&1; echo "@@end $?"`)
    .join("\n");
  const network = flags.includes("--network") ? [] : ["--network", "none"];
  const probe = compiler ? ["-v", `${engine.probe}:/probe:ro`] : [];
  const args = ["run", ...network, ...probe, ...flags, "busybox", "sh", "-c", script];
  const { stdout, stderr } = await engine.run(args);
  const parts = stdout.split("@@begin\n").slice(1);
  return new Map(
    attacks.map(({ to, alone }, i) => {
      const [output = "", code] = parts[i]?.split(/@@end (\d+)\n$/) ?? [];
      // An attack that was not made proves nothing: no such program (127), or no container any more.
      const made = alone ? parts[i] !== undefined : code !== undefined && code !== "127";
      if (!made) throw new Error(`was not even tried: ${to}\n${output}${stderr}`);
      return [to, { succeeded: code === "0", output }] as const;
    }),
  );
}

/** A process of the host's, as something to attack. */
export function victim(): { pid: number } {
  const child = Bun.spawn(["sleep", "300"], { env: { SECRET: "of-the-host" } });
  afterAll(() => child.kill());
  return { pid: child.pid };
}
