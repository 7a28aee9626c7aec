import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { container, pull, type TransferEvent } from "../../../src/index.ts";
import { writeLayout, type Made } from "../registry/layout.ts";
import { describeAsRoot } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("pull()", () => {
  const engine = useEngine(153);
  let made: Made[];
  let registry: Bun.Server<undefined>;
  let name: string;

  /** As much of a registry as a pull needs (distribution-spec "Pull"), over plain http. */
  beforeAll(() => {
    const layout = `${engine.directory}/layout`;
    made = writeLayout(layout, [100_000]);
    registry = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        const path = new URL(request.url).pathname;
        if (path === "/v2/") return new Response("{}");
        const reference = /^\/v2\/team\/app\/(?:manifests|blobs)\/(.+)$/.exec(path)?.[1] ?? "";
        const digest = reference === "1" ? made[0]!.manifest : reference;
        const blob = `${layout}/blobs/sha256/${digest.slice(7)}`;
        if (!digest.startsWith("sha256:") || !existsSync(blob))
          return new Response("{}", { status: 404 });
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
    await expect(pull(`${name}:2`, plain)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(pull("UPPER:x:y")).rejects.toMatchObject({ code: "INVALID" });
    await expect(pull(name, { quiet: true } as never)).rejects.toMatchObject({ code: "INVALID" });
    await expect(pull(name, { platform: 1 } as never)).rejects.toThrow(/^platform: /);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(pull(`${name}:1`, { ...plain, signal })).rejects.toThrow("enough");
    await expect(container(`${name}:2`)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
