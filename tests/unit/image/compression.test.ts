import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { decompress } from "../../../src/image/compression.ts";

const directory = mkdtempSync(`${tmpdir()}/kontener-compression-`);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const text = Buffer.from(
  Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) % 9973).join(" "),
);
const hasXz = Bun.which("xz") !== null;
if (!hasXz) console.error("xz archives are not tested: there is no xz here");

const compressors: [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array][] = [
  ["gzip", Bun.gzipSync],
  ["zstd", (bytes) => Bun.zstdCompressSync(bytes)],
  ...(hasXz ? [["xz", xz] as [string, typeof xz]] : []),
];

function xz(bytes: Uint8Array): Uint8Array {
  return Bun.spawnSync(["xz", "--stdout"], { stdin: bytes }).stdout;
}

/** Under a name that says nothing. */
function file(bytes: Uint8Array): string {
  const path = `${directory}/archive`;
  writeFileSync(path, bytes);
  return path;
}

const read = async (path: string): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(decompress(path)));

describe.each(compressors)("%s", (name, compress) => {
  test("is told by its first bytes, and read whole", async () => {
    expect((await read(file(compress(text)))).equals(text)).toBe(true);
  });

  test("that is cut short is an error in words", async () => {
    const bytes = compress(text);
    const cut = read(file(bytes.subarray(0, bytes.length - 20)));
    await expect(cut).rejects.toThrow(`it is not sound ${name} data: `);
  });

  test("with wrong bytes in it is an error in words", async () => {
    const bytes = Buffer.from(compress(text));
    bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 100);
    await expect(read(file(bytes))).rejects.toThrow(`it is not sound ${name} data: `);
  });

  test("can be left in the middle", async () => {
    for await (const chunk of decompress(file(compress(text)))) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });
});

test("what is not compressed is read as it is", async () => {
  expect((await read(file(text))).equals(text)).toBe(true);
});

test("gzip of several members, as pigz and bgzip make it, is one content", async () => {
  const members = Buffer.concat([Bun.gzipSync("one "), Bun.gzipSync("two")]);
  expect((await read(file(members))).toString()).toBe("one two");
});

test("bzip2 is named, with what to do", async () => {
  await expect(read(file(Buffer.from("BZh91AY&SY")))).rejects.toThrow("bzip2");
});

test("an empty file is an empty content", async () => {
  expect((await read(file(Buffer.alloc(0)))).length).toBe(0);
});
