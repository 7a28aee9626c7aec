/** What builds keep for later ones, who may use it meanwhile, and what becomes of it. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { context } from "./world.ts";

describeAsRoot("kontener build, and what it keeps", () => {
  const engine = new Engine(76);
  const { KONTENER_LIB: lib } = engine.env as Record<string, string>;
  const directoryOf = (dockerfile: string) => context({ Dockerfile: dockerfile });
  const build = async (directory: string, ...flags: string[]) => {
    const result = await engine.run(["build", "--network", "none", ...flags, directory]);
    return { ...result, id: result.stdout.trim() };
  };
  const run = async (image: string, ...command: string[]) =>
    (await engine.run(["run", "--rm", "--network", "none", image, ...command])).stdout;

  beforeAll(async () => {
    await engine.run(["run", "--rm", "--network", "none", "busybox", "true"]);
  });

  // Two commands at once: each puts a file into the cache, looks for the other's for a while, and takes its own away.
  const meet = (sharing: string) =>
    directoryOf(`FROM busybox
ARG ME
RUN --mount=type=cache,id=${sharing},target=/c,sharing=${sharing} touch /c/$ME; \\
    for i in $(seq 30); do if [ $(ls /c | wc -l) = 2 ]; then echo met > /met; sleep 1; break; fi; sleep 0.1; done; rm /c/$ME`);

  test.each([
    ["shared", "met\n", 0],
    ["locked", "", 1],
    ["private", "", 0],
  ])("sharing=%s: two builds at once", async (sharing, met, waited) => {
    const directory = meet(sharing);
    const both = await Promise.all(
      ["a", "b"].map((me) => build(directory, "--build-arg", `ME=${me}`)),
    );
    for (const { id, exitCode } of both) {
      expect(exitCode).toBe(0);
      expect(await run(id, "sh", "-c", "cat /met 2> /dev/null")).toBe(met);
    }
    const told = both.filter(({ stderr }) => stderr.includes("waiting for the build that has"));
    expect(told).toHaveLength(waited);
  });

  test("builder prune empties the caches; with -a steps are done again that images have", async () => {
    const directory = directoryOf(
      "FROM busybox\nRUN --mount=type=cache,target=/keep echo x >> /keep/n; wc -l < /keep/n > /lines",
    );
    const lines = async (...flags: string[]) =>
      await run((await build(directory, ...flags)).id, "cat", "/lines");
    expect(await lines("-t", "kept")).toBe("1\n");
    expect(await lines("--no-cache")).toBe("2\n");
    const pruned = await engine.run(["builder", "prune", "-f"]);
    expect(pruned).toMatchObject({ exitCode: 0, stdout: "" });
    expect(pruned.stderr).toMatch(/^kontener: [1-9]\S* ?\w*B are free again\n$/);
    expect(readdirSync(`${lib}/store`).filter((name) => name.startsWith("build-cache"))).toEqual(
      [],
    );
    expect(await lines("--no-cache")).toBe("1\n");
    const cached = async () => (await build(directory)).stderr.includes("(cached)");
    expect(await cached()).toBeTrue();
    await engine.run(["builder", "prune"]);
    expect(await cached()).toBeTrue();
    await engine.run(["builder", "prune", "-a"]);
    expect(await cached()).toBeFalse();
    expect(await run("kept", "cat", "/lines")).toBe("1\n"); // of images nothing is taken
  });

  test("rmi of its base does not disturb a build; image prune and builder prune wait for it", async () => {
    await build(directoryOf("FROM busybox\nRUN echo base > /base"), "-t", "base");
    const building = build(
      directoryOf("FROM base\nRUN touch /begun; until [ -e /go ]; do sleep 0.1; done"),
      "-t",
      "whole",
    );
    const containers = `${lib}/containers`;
    const begun = () =>
      readdirSync(containers).find((id) => existsSync(`${containers}/${id}/upper/begun`));
    await eventually(() => begun() !== undefined, 20_000);
    expect((await engine.run(["rmi", "base"])).exitCode).toBe(0);
    const waiting = new Set(["image", "builder"]);
    const prunes = [...waiting].map(async (what) => {
      const { exitCode } = await engine.run([what, "prune", "-f"]);
      waiting.delete(what);
      return exitCode;
    });
    await Bun.sleep(1500); // either would be done by then
    expect([...waiting]).toEqual(["image", "builder"]);
    expect((await engine.run(["exec", begun()!, "touch", "/go"])).exitCode).toBe(0);
    expect((await building).exitCode).toBe(0);
    expect(await Promise.all(prunes)).toEqual([0, 0]);
    expect(await run("whole", "cat", "/base")).toBe("base\n");
    // Its archives are there as well as its files.
    const saved = await engine.run(["save", "-o", `${engine.directory}/whole.tar`, "whole"]);
    expect(saved).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("a --build-arg that nothing takes is told of; one for an ARG, in a stage that is built on, or a proxy is not", async () => {
    const directory = directoryOf(
      "ARG TAG=latest\nFROM busybox AS one\nARG A\nRUN echo $A > /a\nFROM one\nARG B\nENV B=$B",
    );
    const args = ["TAG=latest", "A=1", "B=2", "http_proxy=x"];
    const flags = (...more: string[]) => [...args, ...more].flatMap((arg) => ["--build-arg", arg]);
    expect((await build(directory, ...flags())).stderr).not.toContain("--build-arg");
    const { stderr, exitCode } = await build(directory, ...flags("VERISON=1", "C=2"));
    expect(stderr).toContain("kontener: nothing that was built uses --build-arg VERISON, C\n");
    expect(exitCode).toBe(0);
  });
});
