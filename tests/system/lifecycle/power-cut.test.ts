import { beforeAll, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { describeAsRoot, Engine } from "../support.ts";
import { Faults, strace } from "./faults.ts";
import { Leftovers } from "./leftovers.ts";

/** What is on the disk, beside the images. */
const kept = ["containers", "records", "logs"] as const;

describeAsRoot("a power cut", () => {
  const engine = new Engine(36);
  beforeAll(() => engine.build());
  const k = async (...args: string[]) => await engine.run(args);
  const leftovers = new Leftovers(engine);
  const faults = new Faults(engine, (trace) => leftovers.note(trace));
  const lib = engine.env["KONTENER_LIB"]!;
  const after = `${engine.directory}/after`;
  /** In a mount namespace where the disk is that one, under the same name. */
  const world = `mkdir -p ${after}/run && mount --bind ${after}/lib ${lib} && mount --bind ${after}/run ${engine.env["KONTENER_RUN"]} && exec "$@"`;
  async function rebooted(...args: string[]) {
    const command = ["unshare", "--mount", "sh", "-c", world, "sh", ...engine.command(args)];
    const child = Bun.spawn(command, { env: engine.env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { stdout, stderr, exitCode: await child.exited };
  }

  /** The disk as it is at this moment, and a kernel that knows of nothing. */
  function cut(): void {
    rmSync(after, { recursive: true, force: true });
    for (const name of kept) {
      mkdirSync(`${after}/lib/${name}`, { recursive: true });
      if (existsSync(`${lib}/${name}`))
        cpSync(`${lib}/${name}`, `${after}/lib/${name}`, { recursive: true });
    }
  }

  const onDisk = () => kept.flatMap((name) => readdirSync(`${after}/lib/${name}`));

  async function expectWhole(call: string): Promise<void> {
    const ps = await rebooted("ps", "-a", "--format", "json");
    const lines = ps.stdout.split("\n").filter(Boolean);
    const found = lines.map((line) => JSON.parse(line) as { Names: string; State: string });
    expect([call, ps.exitCode, ps.stderr]).toEqual([call, 0, ""]);
    for (const { Names, State } of found)
      expect([call, `${Names} ${State}`]).toEqual([
        call,
        `${Names} ${State === "created" ? State : "exited"}`,
      ]);
    if (found.length === 0) expect([call, ...onDisk()]).toEqual([call]);
    for (const { Names } of found)
      expect([call, (await rebooted("rm", Names)).stdout]).toEqual([call, `${Names}\n`]);
    expect([call, ...onDisk()]).toEqual([call]);
  }

  const flags = ["--name", "victim", "--network", "none", "busybox"];

  test.skipIf(!strace)(
    "at any call of run -d and rm: what is on the disk is a container that has ended, or nothing",
    async () => {
      await k("run", "--network", "none", "busybox", "true"); // the image
      const start = ["run", "-d", ...flags, "sh", "-c", "echo written > /file; sleep 100"];
      const settle = async (call: string) => {
        cut();
        await expectWhole(call);
        await k("rm", "-f", "victim");
      };
      expect(await faults.kill(start, () => k("ps"), settle)).toBeGreaterThan(50);
      expect(await faults.kill(["rm", "-f", "victim"], () => k(...start), settle)).toBeGreaterThan(
        10,
      );
      await leftovers.expectNone("all of it");
    },
    300_000,
  );

  test("that leaves half a record: the container is lost, and all of it", async () => {
    leftovers.note((await k("create", ...flags, "true")).stdout);
    const [name] = readdirSync(`${lib}/records`);
    const { length } = readFileSync(`${lib}/records/${name}`);
    for (const size of [0, 1, length >> 1, length - 2]) {
      cut();
      truncateSync(`${after}/lib/records/${name}`, size);
      await expectWhole(`${size} of ${length} bytes`);
    }
    await k("rm", "victim");
    await leftovers.expectNone("half a record");
  });
});
