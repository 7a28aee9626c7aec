import { expect, test } from "bun:test";
import fc from "fast-check";
import { readTar, type TarEntry } from "../../../src/image/tar.ts";
import { archive, checksummed, chunks, END, entry, header, paxBody } from "./tar-builder.ts";

type Read = Omit<TarEntry, "body"> & { content: string };

async function read(bytes: Uint8Array, chunkSize?: number, verified = false): Promise<Read[]> {
  const entries: Read[] = [];
  for await (const { body, ...rest } of readTar(chunks(bytes, chunkSize), verified)) {
    const pieces = await Array.fromAsync(body);
    entries.push({ ...rest, content: Buffer.concat(pieces).toString("latin1") });
  }
  return entries;
}

test("an entry has what its header says", async () => {
  const [file, device] = await read(
    archive(
      { name: "a", prefix: "dir", mode: 0o4755, uid: 7, gid: 8, mtime: 9, content: "text" },
      { name: "null", type: "3", major: 1, minor: 3 },
    ),
  );
  expect(file).toMatchObject({ type: "file", path: "dir/a", mode: 0o4755, uid: 7, gid: 8 });
  expect(file).toMatchObject({ mtime: { seconds: 9, nanoseconds: 0 }, content: "text" });
  expect(device).toMatchObject({ type: "character-device", path: "null", major: 1, minor: 3 });
});

test("PAX records take the place of the header's fields, for one entry", async () => {
  const pax = { path: "ä".repeat(300), uid: "3000000000", mtime: "-1.25", linkpath: "there" };
  const [long, next] = await read(archive({ name: "x", type: "2", pax }, { name: "y" }));
  expect(Buffer.from(long!.path, "latin1").toString()).toBe("ä".repeat(300));
  expect(long).toMatchObject({ uid: 3e9, linkPath: "there" });
  expect(long!.mtime).toEqual({ seconds: -2, nanoseconds: 750_000_000 });
  expect(next!.path).toBe("y");
});

test("an extended attribute keeps bytes that are not UTF-8", async () => {
  const capability = Buffer.from("0100000280000000000000000000000000000000", "hex");
  const pax = { "SCHILY.xattr.security.capability": capability };
  const [file] = await read(archive({ name: "newuidmap", content: "", pax }));
  expect(Buffer.from(file!.xattrs.get("security.capability")!)).toEqual(capability);
});

test("a name that is not UTF-8 comes out as it went in", async () => {
  const block = header({ name: "????" });
  block.set([0xff, 0xfe, 0x80], 0);
  const [file] = await read(Buffer.concat([checksummed(block), END]));
  expect(Buffer.from(file!.path, "latin1")).toEqual(Buffer.from([0xff, 0xfe, 0x80, 0x3f]));
});

test("global PAX records hold for all that follows, and an empty value undoes them", async () => {
  const body = paxBody({ mtime: "5", uid: "6" });
  const global = Buffer.concat([
    header({ name: "g", type: "g", size: body.length }),
    body,
    Buffer.alloc(512 - body.length),
  ]);
  const rest = archive({ name: "a", uid: 1 }, { name: "b", uid: 1, pax: { uid: "" } });
  const [a, b] = await read(Buffer.concat([global, rest]));
  expect([a!.uid, a!.mtime.seconds, b!.uid]).toEqual([6, 5, 1]);
});

test("GNU's long names, base-256 numbers and headers are understood", async () => {
  const magic = "ustar  \0";
  const name = "n".repeat(150);
  const big = header({ name: "cut", magic, prefix: "not a prefix" });
  big.set([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe], 108); // uid 4294967294
  big.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], 136);
  const long = entry({ name: "././@LongLink", type: "L", magic, content: `${name}\0` });
  const [file] = await read(Buffer.concat([long, checksummed(big), END]));
  expect(file).toMatchObject({ path: name, uid: 4294967294, mtime: { seconds: -2 } });
});

test("only files have bytes, whatever size a link claims", async () => {
  const link = header({ name: "l", type: "1", linkname: "a", size: 512 });
  const entries = await read(Buffer.concat([link, archive({ name: "next", content: "c" })]));
  expect(entries.map(({ path }) => path)).toEqual(["l", "next"]);
});

test("an archive reads the same in chunks of any size, its bodies read or not", async () => {
  const bytes = archive(
    { name: "a", content: "x".repeat(1500), pax: { mtime: "1.5" } },
    { name: "d/", type: "5" },
    { name: "b", content: "y".repeat(512) },
  );
  const whole = await read(bytes);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async (size) => {
      expect(await read(bytes, size)).toEqual(whole);
      const paths: string[] = [];
      for await (const { path } of readTar(chunks(bytes, size))) paths.push(path);
      expect(paths).toEqual(["a", "d/", "b"]);
    }),
    { numRuns: 50 },
  );
});

test("an archive that is cut anywhere is refused", async () => {
  const bytes = archive({ name: "a", content: "x".repeat(700), pax: { path: "b" } });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1025 }), async (length) => {
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: "IMAGE" });
    }),
    { numRuns: 100 },
  );
});

test("no garbage makes the reader do anything but refuse it", async () => {
  const sound = archive({ name: "a", content: "text", pax: { uid: "7" } }, { name: "b" });
  const change = fc.record({ at: fc.nat(sound.length - 1), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
      const bytes = Buffer.from(sound);
      for (const { at, to } of changes) bytes[at] = to;
      for (const at of [0, 512, 1024, 2048]) checksummed(bytes.subarray(at, at + 512));
      const outcome = await read(bytes).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "IMAGE" });
    }),
    { numRuns: 300 },
  );
});

test.each([
  [
    "a wrong checksum",
    Buffer.concat([entry({ name: "a" }), header({ name: "a" }).fill("b", 0, 1)]),
    "checksum",
  ],
  ["no tar at all", Buffer.alloc(2048, "text"), "no tar archive"],
  ["nothing", Buffer.alloc(0), "cut short"],
  ["an absurd header", header({ name: "x", type: "x", size: 1 << 30 }), "absurdly large"],
  ["a torn PAX record", entry({ name: "x", type: "x", content: "99 path=a\n" }), "malformed"],
  ["an owner that means nobody", archive({ name: "a", pax: { uid: "4294967295" } }), "owner"],
  ["a time that is none", archive({ name: "a", pax: { mtime: "now" } }), "time"],
])("%s is refused in words", async (_, bytes, words) => {
  await expect(read(bytes)).rejects.toThrow(words);
});

test("an archive that a digest vouches for may end with the last entry's last byte, no earlier", async () => {
  const content = "x".repeat(600);
  const bare = entry({ name: "a", content }).subarray(0, 512 + content.length);
  expect(await read(bare, 512, true)).toMatchObject([{ path: "a", content }]);
  await expect(read(bare, 512)).rejects.toThrow("cut short");
  await expect(read(bare.subarray(0, -1), 512, true)).rejects.toThrow("cut short");
});
