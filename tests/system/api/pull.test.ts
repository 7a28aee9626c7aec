import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { container, pull, run, type BoxOptions, type TransferEvent } from "../../../src/index.ts";
import { writeLayout, type Made } from "../registry/layout.ts";
import { describeAsRoot, root } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("pull()", () => {
  const engine = useEngine(153);
  let made: Made[];
  let registry: Bun.Server<undefined>;
  let name: string;
  const seen: string[] = [];
  let hold = false; // layers do not come to their end

  /** As much of a registry as a pull needs (distribution-spec "Pull"), over plain http. */
  beforeAll(() => {
    const layout = `${engine.directory}/layout`;
    made = writeLayout(layout, [100_000], ["amd64", "arm64"]);
    registry = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        const path = new URL(request.url).pathname;
        seen.push(path);
        if (path === "/v2/") return new Response("{}");
        const reference = /^\/v2\/team\/\w+\/(?:manifests|blobs)\/(.+)$/.exec(path)?.[1] ?? "";
        const digest = made[Number(reference) - 1]?.manifest ?? reference;
        const blob = `${layout}/blobs/sha256/${digest.slice(7)}`;
        if (!digest.startsWith("sha256:") || !existsSync(blob))
          return new Response("{}", { status: 404 });
        if (hold && path.endsWith(made[1]!.layers[2]!.digest))
          return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
        const type = "application/vnd.oci.image.manifest.v1+json";
        return new Response(Bun.file(blob), { headers: { "content-type": type } });
      },
    });
    name = `127.0.0.1:${registry.port}/team/app`;
  });
  afterAll(() => registry.stop(true));

  test("gets an image from its registry, tells how, and a box starts from it", async () => {
    const events: TransferEvent[] = [];
    const onProgress = (event: TransferEvent) => void events.push(event);
    const pulled = await pull(`${name}:1`, { tlsVerify: false, onProgress });
    expect(pulled).toMatchObject({ reference: `${name}:1`, digest: made[0]!.manifest });
    const layers = new Set(events.map((event) => "digest" in event && event.digest));
    expect(layers).toEqual(new Set(made[0]!.layers.map(({ digest }) => digest)));
    await using box = await container(pulled.reference, { network: "none" });
    expect(await box.$`read word < /arch; echo $word`.text()).toBe("amd64\n");
    expect((await box.readFile("/data0")).length).toBe(100_000);
  });

  test("what is not there, makes no sense, or was aborted is an error with a code", async () => {
    const plain = { tlsVerify: false };
    await expect(pull(`${name}:9`, plain)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(pull("UPPER:x:y")).rejects.toMatchObject({ code: "INVALID" });
    await expect(pull(name, { quiet: true } as never)).rejects.toMatchObject({ code: "INVALID" });
    await expect(pull(name, { platform: 1 } as never)).rejects.toThrow(/^platform: /);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(pull(`${name}:1`, { ...plain, signal })).rejects.toThrow("enough");
    await expect(container(`${name}:9`)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  const none = { network: "none" } as const;

  test("run and container get what is not here, once; never asks nobody, always asks each time", async () => {
    const image = `${name.replace("/app", "/other")}:1`;
    seen.length = 0;
    const never = run(image, ["true"], { pull: "never", ...none });
    await expect(never).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(seen).toEqual([]);
    const states: string[] = [];
    const onProgress = (event: TransferEvent) =>
      void (event.type === "layer" && states.push(event.state));
    const answer = await run(image, undefined, { onProgress, ...none });
    expect(answer).toMatchObject({ stdout: "amd64\n", exitCode: 0 });
    expect(states).toContain("exists"); // the layers that the test before has brought
    const once = seen.length;
    expect(once).toBeGreaterThan(0);
    states.length = 0;
    for (const pull of ["missing", "never"] as const)
      expect((await run(image, undefined, { pull, onProgress, ...none })).exitCode).toBe(0);
    expect([seen.length, states]).toEqual([once, []]);
    await using box = await container(image, { pull: "always", ...none });
    expect(seen.length).toBeGreaterThan(once);
    await using fork = await box.fork();
    expect(await fork.$`read word < /arch; echo $word`.text()).toBe("amd64\n");
    // What is made here is nobody else's to give.
    await box.commit("made-here");
    const before = seen.length;
    await using own = await container("made-here", { pull: "always", ...none });
    expect(own.name).not.toBe("");
    expect(seen).toHaveLength(before);
  });

  test("platform asks the registry where what is here under the name is for another", async () => {
    const image = `${name}:1`;
    seen.length = 0;
    expect((await run(image, undefined, { platform: "linux/amd64", ...none })).exitCode).toBe(0);
    expect(seen).toEqual([]);
    await run(image, undefined, { platform: "linux/arm64", ...none });
    expect(seen).not.toEqual([]);
    const odd = run(image, undefined, { platform: "a/b/c/d", ...none });
    await expect(odd).rejects.toMatchObject({ code: "INVALID" });
    const often = { pull: "often", ...none } as never;
    await expect(run(image, undefined, often)).rejects.toThrow(/^pull: /);
  });

  test("an aborted signal ends a pull, and nothing runs; a timeout is not for pulls", async () => {
    hold = true;
    try {
      for (const start of [
        (options: BoxOptions) => run(`${name}:2`, ["true"], options),
        (options: BoxOptions) => container(`${name}:2`, options),
      ]) {
        const abort = new AbortController();
        const onProgress = (event: TransferEvent) => {
          if (event.type === "layer" && event.digest === made[1]!.layers[2]!.digest)
            setTimeout(() => abort.abort(new Error("enough")), 50);
        };
        const started = start({ signal: abort.signal, timeout: 1, onProgress, ...none });
        await expect(started).rejects.toThrow("enough");
      }
    } finally {
      hold = false;
    }
    expect((await engine.run(["ps", "-a", "-q"])).stdout).toBe("");
  });

  test("with the image here, a start loads nothing that pulls", async () => {
    const program = `
      import { run } from ${JSON.stringify(`${root}src/index.ts`)};
      const { exitCode } = await run(${JSON.stringify(`${name}:1`)}, ["/bin/sh", "-c", "exit 3"], { network: "none" });
      const loaded = Object.keys(require.cache).filter((path) => path.includes("/src/"));
      console.log(JSON.stringify({ exitCode, loaded }));`;
    const file = `${engine.directory}/modules.ts`;
    await Bun.write(file, program);
    const child = Bun.spawnSync([process.execPath, file], {
      env: { ...process.env, ...engine.env },
    });
    const { exitCode, loaded } = JSON.parse(child.stdout.toString()) as {
      exitCode: number;
      loaded: string[];
    };
    expect(exitCode).toBe(3);
    expect(loaded.some((path) => path.endsWith("/src/image/look-up.ts"))).toBe(true); // they are listed at all
    expect(loaded.filter((path) => /\/src\/(registry|store)\//.test(path))).toEqual([]);
  });

  test("--dry-run says that an image is not here, and pulls nothing", async () => {
    seen.length = 0;
    const { stdout, stderr, exitCode } = await engine.run(["run", "--dry-run", `${name}:7`]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      `kontener: image ${name}:7 is not here: a start would pull it; its layers and its configuration are guesses\n`,
    );
    expect(stdout).toContain("pivot_root");
    expect(seen).toEqual([]);
    expect((await engine.run(["run", "--dry-run", `${name}:1`])).stderr).toBe("");
  });
});
