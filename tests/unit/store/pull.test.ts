import { afterAll, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { layerDirectory, type StoredImage } from "../../../src/image/stored.ts";
import { limitOf, Measured } from "../../../src/store/bounded.ts";
import { pullImage, type PullOptions } from "../../../src/store/pull.ts";
import { pruneImages } from "../../../src/store/remove.ts";
import { archive, type Raw } from "../image/tar-builder.ts";
import { fakeSource, type Behaviour, type FakeLayer } from "./source.ts";

const base = mkdtempSync("/tmp/kontener-store-");
afterAll(() => rmSync(base, { recursive: true, force: true }));
let count = 0;
const newPaths = () => ({ lib: `${base}/${count++}`, run: `${base}/run` });
const layer = (...entries: Raw[]): FakeLayer => ({ tar: archive(...entries) });
/** Bytes that do not compress, always the same. */
function noise(size: number, seed = 1): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(size / 64) }, (_, i) =>
    new Bun.CryptoHasher("sha512").update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, size);
}
const name = "docker.io/library/fake:latest";

const two = [
  layer({ name: "a", content: noise(30_000) }, { name: "d/", type: "5" }),
  layer({ name: "b", content: noise(40_000, 7) }),
];

const everything = (directory: string): string[] =>
  (readdirSync(directory, { recursive: true }) as string[]).filter((path) =>
    statSync(`${directory}/${path}`).isFile(),
  );
/** All that a pull can leave: blobs, parts, layers, records, tags. */
const content = (lib: string): string[] =>
  ["blobs", "l", "images", "tags"].flatMap((part) =>
    everything(`${lib}/store/${part}`).map((path) => `${part}/${path}`),
  );

async function pull(
  layers: readonly FakeLayer[],
  options: Partial<PullOptions> & Pick<PullOptions, "paths">,
  behaviour?: Behaviour,
): Promise<StoredImage> {
  return await pullImage(fakeSource(layers, behaviour), { name, ...options });
}

describe("a pull", () => {
  test("keeps blobs as they came, unpacks layers, and names the image", async () => {
    const paths = newPaths();
    const image = await pull(two, { paths });
    expect(image.layers.map(({ size }) => size)).toEqual([40_000, 30_000]);
    const [upper] = image.layers;
    expect(readFileSync(`${layerDirectory(upper!.name, paths)}/b`)).toEqual(
      Buffer.from(noise(40_000, 7)),
    );
    expect(content(paths.lib).filter((path) => path.startsWith("blobs"))).toHaveLength(4);
  });

  test("asks for nothing that is there", async () => {
    const paths = newPaths();
    const behaviour: Behaviour = { asked: [] };
    await pull(two, { paths });
    const states: string[] = [];
    await pull(
      two,
      { paths, onEvent: (e) => e.type === "layer" && states.push(e.state) },
      behaviour,
    );
    expect(behaviour.asked).toEqual([]);
    expect(states).toEqual(["exists", "exists"]);
  });

  test("cut off at any byte it leaves a store that the next one completes, from where it broke", async () => {
    const whole = newPaths();
    await pull(two, { paths: whole });
    const total = 71_000;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: total }),
        fc.integer({ min: 1, max: 9000 }),
        async (breakAfter, chunk) => {
          const paths = newPaths();
          const broken: Behaviour = { asked: [], breakAfter, chunk };
          const first = await pull(two, { paths }, broken).then(
            () => "whole",
            (error: Error) => error.message,
          );
          if (first !== "whole") expect(first).toContain("the connection broke");
          const again: Behaviour = { asked: [] };
          await pull(two, { paths }, again);
          expect(content(paths.lib).toSorted()).toEqual(content(whole.lib).toSorted());
          const repeated = again.asked.reduce((sum, { offset }) => sum + offset, 0);
          if (first !== "whole" && breakAfter > 0)
            expect(repeated + again.asked.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 30 },
    );
  }, 30_000);

  test("goes on from what is there: it asks for the rest only", async () => {
    const paths = newPaths();
    const one = [layer({ name: "a", content: noise(50_000) })];
    await expect(
      pull(one, { paths }, { asked: [], breakAfter: 20_000, chunk: 5000 }),
    ).rejects.toThrow("the connection broke");
    const again: Behaviour = { asked: [] };
    await pull(one, { paths }, again);
    expect(again.asked).toMatchObject([{ offset: 20_000 }]);
  });

  test("a beginning that is not the blob's is thrown away, and all of it asked for", async () => {
    const paths = newPaths();
    const one = [layer({ name: "a", content: noise(50_000) })];
    await pull(one, { paths }, { asked: [], breakAfter: 20_000, chunk: 5000 }).catch(() => {});
    const part = everything(`${paths.lib}/store/blobs`).find((path) => path.includes(".part-"))!;
    writeFileSync(`${paths.lib}/store/blobs/${part}`, noise(20_000, 99));
    await pull(one, { paths });
  });

  test("two of the same image at once do the work once", async () => {
    const paths = newPaths();
    const behaviour: Behaviour = { asked: [], chunk: 4000, pause: () => Bun.sleep(1) };
    const [a, b] = await Promise.all([
      pull(two, { paths }, behaviour),
      pull(two, { paths }, behaviour),
    ]);
    expect(a).toEqual(b);
    expect(behaviour.asked).toHaveLength(2);
  });

  test("ended by its signal it stops where it is, and the next one goes on", async () => {
    const paths = newPaths();
    const stop = new AbortController();
    let chunks = 0;
    const behaviour: Behaviour = {
      asked: [],
      chunk: 1000,
      pause: async () => void (++chunks === 10 && stop.abort(new Error("enough"))),
    };
    await expect(pull(two, { paths, signal: stop.signal }, behaviour)).rejects.toThrow("enough");
    await pull(two, { paths });
  });

  test("beginnings that nobody goes on from are pruned", async () => {
    const paths = newPaths();
    await pull(two, { paths }, { asked: [], breakAfter: 20_000, chunk: 5000 }).catch(() => {});
    expect(content(paths.lib)).not.toEqual([]);
    await pruneImages({ paths, users: () => [] });
    expect(content(paths.lib)).toEqual([]);
  });
});

describe("a source that sends something else", () => {
  const flip = (bytes: Uint8Array, at: number) => {
    const copy = bytes.slice();
    copy[at]! ^= 1;
    return copy;
  };

  test("in a layer, at any byte, is found out and nothing of it kept", async () => {
    const one = [layer({ name: "a", content: noise(3000) })];
    const size = Bun.gzipSync(Buffer.from(one[0]!.tar)).length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: size - 1 }), async (at) => {
        const paths = newPaths();
        const tamper = (_: string, bytes: Uint8Array) =>
          bytes.length === size ? flip(bytes, at) : bytes;
        await expect(pull(one, { paths }, { asked: [], tamper })).rejects.toMatchObject({
          code: "IMAGE",
        });
        const left = content(paths.lib).filter((path) => !path.includes(".part-"));
        expect(left).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("in a manifest or a config is found out", async () => {
    for (const wanted of ["schemaVersion", "diff_ids"]) {
      const paths = newPaths();
      const tamper = (_: string, bytes: Uint8Array) => {
        const text = Buffer.from(bytes).toString("latin1");
        return text.startsWith("{") && text.includes(wanted) ? flip(bytes, 20) : bytes;
      };
      await expect(pull(two, { paths }, { asked: [], tamper })).rejects.toThrow(
        "registry.example/fake:1 sent something else than what was asked for: sha256:",
      );
      expect(content(paths.lib)).toEqual([]);
    }
  });

  test("more than was promised is cut off, not written down", async () => {
    const one = [layer({ name: "a", content: noise(3000) })];
    const size = Bun.gzipSync(Buffer.from(one[0]!.tar)).length;
    const paths = newPaths();
    const tamper = (_: string, bytes: Uint8Array) =>
      bytes.length === size ? Buffer.concat([bytes, Buffer.alloc(1 << 20)]) : bytes;
    await expect(pull(one, { paths }, { asked: [], tamper })).rejects.toThrow(
      `should have ${size} bytes`,
    );
  });

  test("a layer that is not what the config says is refused, whatever the manifest says", async () => {
    const paths = newPaths();
    const lie = [{ ...layer({ name: "a", content: "x" }), diffId: `sha256:${"0".repeat(64)}` }];
    await expect(pull(lie, { paths })).rejects.toMatchObject({ code: "IMAGE" });
    expect(content(paths.lib)).toEqual([]);
  });
});

describe("a hostile layer is refused, named, and leaves nothing", () => {
  const refused = async (message: string | RegExp, ...layers: FakeLayer[]) => {
    const paths = newPaths();
    await expect(pull(layers, { paths })).rejects.toThrow(message);
    expect(content(paths.lib)).toEqual([]);
    expect(readdirSync(`${paths.lib}/store/l`)).toEqual([]);
  };

  test("a name that leads upwards", () =>
    refused('"../../etc/x" leads upwards', layer({ name: "../../etc/x", content: "x" })));

  test("a hard link that leads upwards", () =>
    refused("leads upwards", layer({ name: "x", type: "1", linkname: "../../etc/passwd" })));

  test("a hard link to what no layer has", () =>
    refused(
      'is a link to "etc/shadow", which the archive lacks',
      layer({ name: "x", type: "1", linkname: "etc/shadow" }),
    ));

  test("a name with a NUL", () =>
    refused("NUL", layer({ name: "x", pax: { path: "a\0b" }, content: "x" })));

  test("an absurdly large header", () =>
    refused("absurdly large", layer({ name: "x", type: "x", content: "", size: 5 << 20 })));

  test("headers without an end", async () => {
    const records = Array.from({ length: 12 }, (_, i): Raw => {
      const value = "v".repeat(900_000);
      const body = ` ${`k${i}`}=${value}\n`;
      let length = body.length + 6;
      while (String(length).length + body.length !== length) length--;
      return { name: "pax", type: "x", content: `${length}${body}` };
    });
    await refused("absurdly large", layer(...records, { name: "a", content: "x" }));
  });

  test("a file that is a directory with something in it as well", () =>
    refused(
      "twice, once as a directory with something in it",
      layer({ name: "d/x", content: "1" }, { name: "d", content: "2" }),
    ));

  test("a size that is none", () =>
    refused(/too large|impossible|this is no tar archive/, layer({ name: "x", size: -1 })));

  test("a decompression bomb", async () => {
    const zeros = Buffer.from(archive({ name: "zeros", content: new Uint8Array(8 << 20) }));
    expect(limitOf(Bun.gzipSync(zeros).length)).toBe(1 << 30);
    expect(limitOf(10 << 20)).toBe(500 * (10 << 20));
    const bomb = new Measured(new Blob([zeros]).stream(), 1 << 20);
    await expect(Array.fromAsync(bomb)).rejects.toThrow("decompression bomb");
  });
});

describe("what real archives have is not hostile", () => {
  test("an absolute name is below the layer's root, names need not be UTF-8, the last of two entries counts", async () => {
    const paths = newPaths();
    const image = await pull(
      [
        layer(
          { name: "/abs", content: "1" },
          { name: "bad\xff", pax: { path: Buffer.from("bad\xff", "latin1") }, content: "2" },
          { name: "twice", content: "first" },
          { name: "twice", content: "second" },
        ),
      ],
      { paths },
    );
    const root = layerDirectory(image.layers[0]!.name, paths);
    const names = readdirSync(root, { encoding: "buffer" }).map((n) => n.toString("latin1"));
    expect(names.toSorted()).toEqual(["abs", "bad\xff", "twice"]);
    expect(readFileSync(`${root}/twice`, "utf8")).toBe("second");
  });

  test("links that lead out of the root are kept, and nothing is written through them", async () => {
    const paths = newPaths();
    const target = `${base}/outside`;
    const image = await pull(
      [
        layer(
          { name: "out", type: "2", linkname: target },
          { name: "up", type: "2", linkname: "../../../../../../../../tmp" },
          { name: "up/written", content: "x" },
        ),
      ],
      { paths },
    ).catch((error: Error) => error);
    expect(image).toBeInstanceOf(Error); // /tmp is not in the layer
    expect(readdirSync("/tmp")).not.toContain("written");
  });
});
