import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseDigest } from "../../../src/image/digest.ts";
import { download, DownloadError, type Progress } from "../../../src/image/download.ts";
import { mirror, type Mirror } from "./mirror.ts";

const directory = mkdtempSync(`${tmpdir()}/kontener-download-`);
const part = `${directory}/archive.part`;
const content = Buffer.alloc(100_000, "some content that is not all the same ");
const sha512 = new Bun.CryptoHasher("sha512").update(content).digest("hex");
const digest = parseDigest(`sha512:${sha512}`);

beforeEach(() => rmSync(part, { force: true }));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const get = (server: Mirror, patience = 10_000): Promise<void> =>
  download(server.url, part, { digest, patience });

describe("a download", () => {
  test("is written as the server has it, and told while it comes", async () => {
    using server = mirror(content);
    const seen: Progress[] = [];
    await download(server.url, part, { digest, onProgress: (progress) => seen.push(progress) });
    expect(readFileSync(part).equals(content)).toBe(true);
    expect(seen.at(-1)).toEqual({ done: content.length, total: content.length });
  });

  test("that breaks off goes on where it was", async () => {
    using server = mirror(content, { cuts: [30_000, 30_000] });
    await get(server);
    expect(readFileSync(part).equals(content)).toBe(true);
    expect(server.requests).toEqual([undefined, "bytes=30000-", "bytes=60000-"]);
  });

  test("goes on from what an earlier process left", async () => {
    writeFileSync(part, content.subarray(0, 99_000));
    using server = mirror(content);
    await get(server);
    expect(server.requests).toEqual(["bytes=99000-"]);
    expect(readFileSync(part).equals(content)).toBe(true);
  });

  test("starts again where the server knows no parts", async () => {
    writeFileSync(part, content.subarray(0, 99_000));
    using server = mirror(content, { ignoreRange: true });
    await get(server);
    expect(readFileSync(part).equals(content)).toBe(true);
  });

  test("starts again where what was left is another content", async () => {
    writeFileSync(part, Buffer.alloc(50_000, "other"));
    using server = mirror(content);
    await get(server);
    expect(readFileSync(part).equals(content)).toBe(true);
    expect(server.requests).toEqual(["bytes=50000-", undefined]);
  });

  test("starts again where what was left is longer than what there is", async () => {
    writeFileSync(part, Buffer.alloc(content.length + 1, "x"));
    using server = mirror(content);
    await get(server);
    expect(readFileSync(part).equals(content)).toBe(true);
  });

  test("of something else is refused, and removed", async () => {
    using server = mirror(Buffer.from("not what was asked for"));
    await expect(get(server)).rejects.toThrow("is not what was asked for");
    expect(existsSync(part)).toBe(false);
  });

  test("that breaks off again and again ends, and keeps what came", async () => {
    using server = mirror(content, { cuts: Array.from({ length: 9 }, () => 1000) });
    await expect(get(server)).rejects.toThrow("it broke off after 5000 bytes");
    expect(statSync(part).size).toBe(5000);
  });

  test("from a server that falls silent in the middle goes on with another connection", async () => {
    using server = mirror(content, { cuts: [40_000], stall: true });
    await get(server, 200);
    expect(server.requests).toEqual([undefined, "bytes=40000-"]);
  });
});

describe("a server that cannot be reached", () => {
  const failure = async (promise: Promise<void>): Promise<DownloadError> => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DownloadError);
    expect(existsSync(part)).toBe(false);
    return error as DownloadError;
  };

  test("because it never answers is given up after the time it gets", async () => {
    using server = mirror(content, { mute: true });
    const start = performance.now();
    const { message } = await failure(get(server, 300));
    expect(message).toContain("silent for 0.3 seconds");
    expect(performance.now() - start).toBeLessThan(2000);
    expect(server.requests.length).toBe(1);
  });

  test("because it sends a header and nothing else is not asked again", async () => {
    using server = mirror(content, { cuts: [0], stall: true });
    expect((await failure(get(server, 300))).message).toContain("silent for 0.3 seconds");
    expect(server.requests.length).toBe(1);
  });

  test("because nobody listens there is said so", async () => {
    const { url } = closed();
    expect((await failure(download(url, part, { digest }))).message).toContain("nobody answers");
  });

  test("because there is no such name is said so", async () => {
    const url = "http://nowhere.invalid/archive";
    expect((await failure(download(url, part, { digest }))).message).toContain("unknown here");
  });

  test.each([404, 500, 503])("because it says %p is said so", async (status) => {
    using server = mirror(content, { status });
    expect((await failure(get(server))).message).toContain(`HTTP ${status}`);
  });
});

/** A port that was just given up. */
function closed(): Mirror {
  using server = mirror(content);
  return server;
}
