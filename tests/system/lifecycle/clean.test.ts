import { beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine, root } from "../support.ts";
import { Leftovers } from "./leftovers.ts";

describeAsRoot("kontener clean", () => {
  const engine = new Engine(241);
  const leftovers = new Leftovers(engine);
  const [lib, run] = [engine.env["KONTENER_LIB"]!, engine.env["KONTENER_RUN"]!];
  /** A copy, as `clean` empties the checkout that it is in. */
  const checkout = `${engine.directory}/checkout`;

  const ok = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await engine.run(args);
    leftovers.note(stdout);
    expect({ args, stderr, exitCode }).toMatchObject({ args, exitCode: 0 });
    return stdout;
  };
  const clean = async (...flags: string[]) => {
    const words = [process.execPath, `${checkout}/src/cli/main.ts`, "clean", ...flags];
    const child = Bun.spawn(words, { env: engine.env, stdout: "pipe", stderr: "pipe" });
    const [stderr, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
    return { stderr, exitCode };
  };
  const onHost = (): string[] => [
    ...readdirSync("/sys/class/net").filter((name) => name === engine.bridge),
    ...Bun.spawnSync(["nft", "list", "tables"]).stdout.toString().split("\n").filter(ofEngine),
  ];
  const ofEngine = (line: string): boolean => line.includes(engine.bridge) || line.includes(own);
  let own = "";

  beforeAll(async () => {
    const recipes = readdirSync(`${root}rootfs`, { withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? `rootfs/${entry.name}` : [],
    );
    for (const name of ["src", "tasks", "package.json", "tsconfig.json", ...recipes])
      cpSync(`${root}${name}`, `${checkout}/${name}`, { recursive: true });
    symlinkSync(`${root}node_modules`, `${checkout}/node_modules`);
    await ok("network", "create", "own");
    own = JSON.parse(await ok("network", "inspect", "own"))[0].Interface as string;
    await ok("run", "--network", "own", "--userns", "auto", "busybox", "true");
    await ok("run", "-d", "--name", "web", "-p", "39241:80", "-v", "data:/data", ...sleeping);
    await ok("create", "--name", "later", "--restart", "always", "busybox", "true");
    await ok("run", "-d", "--name", "done", "busybox", "sh", "-c", "echo made >/made");
    await ok("wait", "done");
    await ok("commit", "done", "made");
  });
  const sleeping = ["busybox", "sh", "-c", "echo kept >/data/file; sleep 300"];

  test("refuses while a container runs, and touches nothing", async () => {
    const before = [readdirSync(run), readdirSync(lib), await ok("ps", "-aq"), onHost()];
    const { stderr, exitCode } = await clean();
    expect(exitCode).not.toBe(0);
    expect(stderr).toBe(
      "kontener: containers are running: web\n  end them first: kontener stop --all, or kontener rm -f --all\n",
    );
    expect([readdirSync(run), readdirSync(lib), await ok("ps", "-aq"), onHost()]).toEqual(before);
    expect(onHost().toSorted()).toEqual(
      [engine.bridge, `table ip ${engine.bridge}`, `table ip ${own}`].toSorted(),
    );
  });

  test("removes all but the volumes and what somebody else has put there", async () => {
    await ok("stop", "--all", "-t", "0");
    writeFileSync(`${run}/notes`, "mine");
    const { stderr, exitCode } = await clean();
    expect({ stderr, exitCode }).toMatchObject({ exitCode: 0 });
    expect(stderr).toContain("removed container web\n");
    expect(stderr).toContain("kept the volumes data: kontener clean --volumes removes them too\n");
    expect(stderr).toContain(`cleared ${run}, but for what is not kontener's: notes\n`);
    expect(readdirSync(run)).toEqual(["notes"]);
    expect(readdirSync(lib)).toEqual(["volumes"]);
    expect(onHost()).toEqual([]);
    await leftovers.expectNone("clean");
    expect(await ok("run", "-v", "data:/data", "busybox", "cat", "/data/file")).toBe("kept\n");
  });

  test("--volumes removes them too; a second time there is nothing to remove", async () => {
    Bun.spawnSync(["rm", `${run}/notes`]);
    expect(await clean("--volumes")).toMatchObject({ exitCode: 0 });
    expect([run, lib].filter((path) => existsSync(path))).toEqual([]);
    expect(onHost()).toEqual([]);
    expect(await clean("--volumes")).toMatchObject({ exitCode: 0 });
    expect([run, lib].filter((path) => existsSync(path))).toEqual([]);
  });

  test("in a checkout, what was installed and built goes too", async () => {
    for (const name of [".git", "dist", "rootfs/alpine"]) mkdirSync(`${checkout}/${name}`);
    expect(await clean()).toMatchObject({ exitCode: 0 });
    for (const name of ["dist", "rootfs/alpine", "node_modules"])
      expect(existsSync(`${checkout}/${name}`)).toBe(false);
    expect(existsSync(`${checkout}/src`)).toBe(true);
    expect(existsSync(`${root}node_modules`)).toBe(true); // a link to it went
  });
});
