import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { describeAsRoot, Engine, root } from "../support.ts";
import { pullLayout, shell, snapshotOf } from "./images.ts";

const base = mkdtempSync("/var/tmp/kontener-store-");
afterAll(() => rm(base, { recursive: true, force: true }), 120_000);

/** Three layers of some size, the last of which has to be unpacked over the others. */
const make = String.raw`
umoci init --layout img; umoci new --image img:a
for i in 1 2; do
  mkdir -p $i/dir; head -c 3M /dev/urandom > $i/noise-$i; for f in {1..300}; do echo $f > $i/dir/$i-$f; done
  tar -C $i -cf $i.tar .; umoci raw add-layer --image img:a $i.tar
done
mkdir -p 3/dir; head -c 1M /dev/urandom > 3/dir/over; tar -C 3 -cf 3.tar dir/over; umoci raw add-layer --image img:a 3.tar
`;

const files = (directory: string): string[] =>
  (readdirSync(directory, { recursive: true }) as string[])
    .filter((path) => !/^(locks|boot$|lock$|remove\.lock$)/.test(path))
    .filter((path) => !statSync(`${directory}/${path}`, { throwIfNoEntry: false })?.isDirectory());

describeAsRoot("killed with signal 9 at any moment", () => {
  const engine = new Engine(186);
  const paths = { lib: engine.env["KONTENER_LIB"]!, run: engine.env["KONTENER_RUN"]! };
  const store = `${paths.lib}/store`;
  const whole = { lib: `${base}/whole`, run: `${base}/run` };
  let expected: string[] = [];
  let duration = 0;

  beforeAll(async () => {
    await shell(make, base);
    expected = (await snapshotOf(await pullLayout(`${base}/img`, whole), whole)).slice(1);
    const start = performance.now();
    await engine.run(["load", "-i", `${base}/img`]);
    duration = performance.now() - start;
    await engine.run(["rmi", "a"]);
  }, 60_000);

  async function killedAfter(milliseconds: number, ...args: string[]): Promise<void> {
    const child = Bun.spawn(engine.command(args), {
      cwd: root,
      env: engine.env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await Bun.sleep(milliseconds);
    child.kill(9);
    await child.exited;
  }

  const mounts = () => readFileSync("/proc/self/mountinfo", "utf8").includes(paths.lib);

  test("a load is completed by the next one, and what it leaves by itself is pruned", async () => {
    for (let i = 0; i < 12; i++) {
      await killedAfter((duration * (i + 1)) / 13, "load", "-i", `${base}/img`);
      expect(mounts()).toBe(false);
      if (i % 2 === 0) {
        expect(await engine.run(["load", "-i", `${base}/img`])).toMatchObject({ exitCode: 0 });
        const [id] = readdirSync(`${store}/images`);
        const image = JSON.parse(readFileSync(`${store}/images/${id}`, "utf8"));
        expect((await snapshotOf(image, paths)).slice(1)).toEqual(expected);
      }
      expect(await engine.run(["image", "prune", "--all"])).toMatchObject({ exitCode: 0 });
      expect(files(store)).toEqual([]);
    }
  });

  test("a removal leaves the image whole, or garbage that is pruned", async () => {
    const start = performance.now();
    await engine.run(["images"]);
    const startUp = performance.now() - start;
    for (let i = 0; i < 10; i++) {
      await engine.run(["load", "-i", `${base}/img`]);
      await killedAfter(startUp * 0.5 + i * startUp * 0.1, "rmi", "-f", "a");
      const [record] = readdirSync(`${store}/images`).filter((name) => !name.startsWith("."));
      if (record !== undefined) {
        const image = JSON.parse(readFileSync(`${store}/images/${record}`, "utf8"));
        expect((await snapshotOf(image, paths)).slice(1)).toEqual(expected);
      }
      await engine.run(["image", "prune", "--all"]);
      expect(files(store)).toEqual([]);
    }
  });
});
