import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import fc from "fast-check";
import { parseReference, wholeName } from "../../../src/oci/reference.ts";
import { registrySource, type RegistryOptions } from "../../../src/registry/source.ts";
import { pullImage } from "../../../src/store/pull.ts";
import { layerDirectory } from "../../../src/image/stored.ts";
import { describeAsRoot } from "../support.ts";
import { writeLayout, type Made } from "./layout.ts";
import { Meddler, type Fault, type Seen } from "./meddler.ts";
import { fill, Registry } from "./registry.ts";

describeAsRoot("a pull when the registry fails", () => {
  const directory = mkdtempSync("/var/tmp/kontener-faults-");
  let registry: Registry;
  let meddler: Meddler;
  let made: Made;
  let stores = 0;

  beforeAll(async () => {
    registry = await Registry.start("open");
    meddler = await Meddler.start(registry.host);
    made = writeLayout(`${directory}/one`, [300_000])[0]!;
    await fill(`${directory}/one`, `${registry.host}/a/one:1`);
  });
  afterAll(async () => {
    meddler[Symbol.dispose]();
    await registry[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  const freshPaths = () => {
    const base = `${directory}/store${++stores}`;
    return { lib: `${base}/lib`, run: `${base}/run` };
  };
  const isData = ({ path }: Seen) => path.endsWith(made.layers[1]!.digest);
  const isManifest = ({ path, method }: Seen) => method === "GET" && path.includes("/manifests/");
  const reason = async (work: Promise<unknown>) =>
    await work.then(
      () => "it worked",
      (error: Error) => error.message,
    );

  async function pull(paths = freshPaths(), options: RegistryOptions = {}) {
    const name = `${meddler.host}/a/one:1`;
    meddler.seen.length = 0;
    const env = { HOME: directory };
    const source = registrySource(parseReference(name), {
      patience: 400,
      pause: 1,
      env,
      ...options,
    });
    const image = await pullImage(source, { paths, name: wholeName(name) });
    // Whole: each layer is there with its files.
    const arch = readFileSync(`${layerDirectory(image.layers[0]!.name, paths)}/arch`, "utf8");
    expect(arch).toBe("amd64");
    return image;
  }

  const meddle = (which: (seen: Seen) => boolean, ...faults: (Fault | undefined)[]) => {
    meddler.fault = (seen, before) => (which(seen) ? faults[before] : undefined);
  };
  const always = (which: (seen: Seen) => boolean, fault: Fault) => {
    meddler.fault = (seen) => (which(seen) ? fault : undefined);
  };

  test("cut off at any byte, it goes on from there, and no byte is asked for twice", async () => {
    const { size } = made.layers[1]!;
    const place = fc.oneof(fc.constantFrom(0, 1, size - 1), fc.integer({ min: 0, max: size - 1 }));
    await fc.assert(
      fc.asyncProperty(place, async (cut) => {
        meddle(isData, { cut });
        await pull();
        const [, second] = meddler.seen.filter(isData);
        expect(second?.range).toBe(cut === 0 ? undefined : `bytes=${cut}-`);
      }),
      { numRuns: 12 },
    );
  });

  test("given up at any byte, it leaves a store that the next pull completes from there", async () => {
    const { size } = made.layers[1]!;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: size - 1 }), async (cut) => {
        const paths = freshPaths();
        meddler.fault = (seen, before) =>
          isData(seen) ? { cut: before === 0 ? cut : 0 } : undefined;
        expect(await reason(pull(paths))).toContain(`broke off after ${cut} of ${size} bytes`);
        meddler.fault = () => undefined;
        await pull(paths);
        expect(meddler.seen.filter(isData)).toMatchObject([{ range: `bytes=${cut}-` }]);
      }),
      { numRuns: 8 },
    );
  });

  test("a server that knows no Range is read from the start, and what is there is passed over", async () => {
    meddle(isData, { cut: 1000 }, { ignoreRange: true });
    await pull();
  });

  test("a stall is a cut after some patience", async () => {
    meddle(isData, { stall: 5000 });
    const told: string[] = [];
    await pull(undefined, {
      onEvent: (event) => event.type === "retry" && told.push(event.reason),
    });
    expect(told).toEqual([expect.stringContaining("fell silent, after 5000 of")]);
  });

  test("a wrong byte, wherever it is, is found by the digest, and the layer asked for once more", async () => {
    const { size, digest } = made.layers[1]!;
    // The first bytes are gzip's header, the last its checksum: an unpacker complains of both before the digest is known.
    const place = fc.oneof(fc.constantFrom(0, 5000, size - 1), fc.nat({ max: size - 1 }));
    await fc.assert(
      fc.asyncProperty(place, async (corrupt) => {
        meddle(isData, { corrupt });
        await pull();
        expect(meddler.seen.filter(isData).map(({ range }) => range)).toEqual([
          undefined,
          undefined,
        ]);

        const paths = freshPaths();
        always(isData, { corrupt });
        const why = await reason(pull(paths));
        expect(why).toContain("sent something else than what was asked for: sha256:");
        expect(why).toContain(`not ${digest}`);
        expect(meddler.seen.filter(isData)).toHaveLength(2);
        const kept = readdirSync(`${paths.lib}/store/blobs/sha256`);
        expect(kept.filter((name) => name.includes(digest.slice(7)))).toEqual([]);
        meddler.fault = () => undefined;
        await pull(paths);
      }),
      { numRuns: 8 },
    );
  });

  test("a manifest that is another's, or the beginning of one, is asked for again", async () => {
    meddle(isManifest, { corrupt: 10 }, { shorten: 100 }, { cut: 50 });
    await pull();
    expect(meddler.seen.filter(isManifest)).toHaveLength(4);
    always(isManifest, { corrupt: 10 });
    expect(await reason(pull())).toContain("its manifest should have the digest sha256:");
  });

  test("500, 503 and a 429 that wants a second's rest pass", async () => {
    meddle(
      isManifest,
      { status: 500 },
      { status: 503 },
      { status: 429, headers: { "Retry-After": "1" } },
    );
    await pull();
    meddle(isData, { status: 502 }, { cut: 10 }, { status: 500 });
    await pull();
  });

  test("a limit that takes longer is told in words, at once", async () => {
    const headers = { "Retry-After": "7200", "ratelimit-limit": "100;w=21600" };
    always(isManifest, { status: 429, headers });
    const work = pull();
    expect(await reason(work)).toContain(
      "too many requests from here: its limit is 100 in 6 hours",
    );
    await expect(work).rejects.toHaveProperty("hint", expect.stringContaining("in 2 hours"));
    expect(meddler.seen.filter(isManifest)).toHaveLength(1);
  });

  test("what is no registry, or sends no image, is told in one sentence", async () => {
    const json = { "Content-Type": "application/json" };
    for (const [fault, words] of [
      [{ status: 404, body: "<html>" }, "has nothing under this name"],
      [{ status: 200, body: "<html>" }, "no JSON"],
      [{ status: 200, headers: json, body: "{" }, "no JSON"],
      [{ status: 200, headers: json, body: "[]" }, "not a container image"],
      [{ status: 403, body: '{"errors":[{"message":"no\\u001b[31m"}]}' }, "HTTP 403: no [31m"],
      [{ status: 418 }, "HTTP 418"],
    ] as const) {
      always(isManifest, fault);
      expect(await reason(pull())).toContain(words);
    }
  });

  test("redirected to another host, no credentials follow; to itself, they do", async () => {
    using other = await Meddler.start(registry.host);
    const login = { auths: { [meddler.host]: { auth: btoa("me:secret") } } };
    await Bun.write(`${directory}/.docker/config.json`, JSON.stringify(login));
    for (const target of [other, meddler]) {
      other.seen.length = 0;
      meddler.fault = ({ path, authorization }) => {
        if (authorization === undefined)
          return { status: 401, headers: { "WWW-Authenticate": 'Basic realm="x"' } };
        if (!path.endsWith(made.layers[1]!.digest)) return undefined;
        return { status: 307, headers: { Location: `http://${target.host}${path}?signed=1` } };
      };
      await pull();
      const signed = target.seen.filter(({ path }) => path.endsWith("?signed=1"));
      expect(signed).toHaveLength(1);
      const wanted = target === other ? undefined : `Basic ${btoa("me:secret")}`;
      expect(signed[0]!.authorization).toBe(wanted);
    }
    rmSync(`${directory}/.docker`, { recursive: true });
  });

  test("a circle of redirects ends", async () => {
    meddler.fault = (seen) =>
      isManifest(seen) ? { status: 302, headers: { Location: seen.path } } : undefined;
    expect(await reason(pull())).toContain("leads in a circle");
  });
});
