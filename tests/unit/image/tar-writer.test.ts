import { expect, test } from "bun:test";
import fc from "fast-check";
import { readTar, type TarEntryType } from "../../../src/image/tar.ts";
import { padding, tarEnd, tarHead } from "../../../src/image/tar-writer.ts";

const name = fc
  .stringMatching(/^[^\0/]{1,120}$/, { size: "max" })
  .map((text) => Buffer.from(text).toString("latin1"))
  .filter((text) => text !== "." && text !== "..");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const bytes = fc.uint8Array({ maxLength: 2000 });
const types: TarEntryType[] = [
  "file",
  "directory",
  "symlink",
  "link",
  "character-device",
  "block-device",
  "fifo",
];

const entry = fc.record({
  type: fc.constantFrom(...types),
  path,
  linkPath: path,
  mode: fc.nat(0o7777),
  uid: fc.nat(0xfffffffe),
  gid: fc.nat(0xfffffffe),
  mtime: fc.record({
    seconds: fc.integer({ min: -2_000_000_000, max: 20_000_000_000 }),
    nanoseconds: fc.nat(999_999_999),
  }),
  major: fc.nat(0xfff),
  minor: fc.nat(0xfffff),
  xattrs: fc
    .dictionary(fc.stringMatching(/^(user|security)\.[a-z]{1,8}$/), bytes, { maxKeys: 3 })
    .map((record) => new Map(Object.entries(record).toSorted())),
  content: bytes,
});

async function* inPieces(data: Uint8Array, size: number) {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

test("what is written is read back: names of any bytes, large numbers, times, attributes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 5 }),
      fc.integer({ min: 1, max: 3000 }),
      async (entries, piece) => {
        const archive = Buffer.concat([
          ...entries.flatMap((e) => {
            const size = e.type === "file" ? e.content.length : 0;
            return [tarHead({ ...e, size }), ...(size ? [e.content, padding(size)] : [])];
          }),
          tarEnd(),
        ]);
        const seen = [];
        for await (const { body, sparse, ...head } of readTar(inPieces(archive, piece))) {
          expect(sparse).toBeUndefined();
          seen.push({
            ...head,
            content: Buffer.concat(await Array.fromAsync(body)).toString("hex"),
          });
        }
        expect(
          seen.map(({ xattrs, ...rest }) => ({
            ...rest,
            xattrs: [...xattrs].map(([k, v]) => [k, [...v]]),
          })),
        ).toMatchObject(
          entries.map(({ content, xattrs, ...rest }) => ({
            ...rest,
            xattrs: [...xattrs].map(([k, v]) => [k, [...v]]),
            content: rest.type === "file" ? Buffer.from(content).toString("hex") : "",
          })),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("the same entry gives the same bytes, whatever the order of its attributes", () => {
  const common = {
    type: "file",
    path: "a",
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 1, nanoseconds: 5 },
  } as const;
  const [one, two] = [Buffer.from("1"), Buffer.from("2")];
  const forth = tarHead({
    ...common,
    xattrs: new Map([
      ["user.a", one],
      ["user.b", two],
    ]),
  });
  const back = tarHead({
    ...common,
    xattrs: new Map([
      ["user.b", two],
      ["user.a", one],
    ]),
  });
  expect(Buffer.compare(forth, back)).toBe(0);
});

test("plain entries need no PAX records", () => {
  expect(
    tarHead({
      type: "file",
      path: "x".repeat(100),
      mode: 0o755,
      uid: 65534,
      gid: 1,
      mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
      size: 5,
    }),
  ).toHaveLength(512);
});
