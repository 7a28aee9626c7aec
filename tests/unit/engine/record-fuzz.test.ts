import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseRecord, parseSpec, parseState } from "../../../src/engine/record-schema.ts";
import type { Record } from "../../../src/engine/record.ts";

const record: Record = {
  id: "0123456789ab",
  name: "web",
  hostname: "mini-abcde",
  image: "busybox",
  imageId: null,
  created: "2026-11-24T12:00:00.000Z",
  command: ["sleep", "100"],
  idle: false,
  engine: 4711,
  scratch: "/var/lib/kontener/containers/0123456789ab",
  keep: false,
  link: "kt0123456789ab",
  options: { image: "busybox", network: "bridge", labels: { a: "b" } },
  detached: true,
  autoRemove: false,
  logs: { directory: "/var/lib/kontener/logs/0123456789ab", maxSize: 10, maxFiles: 3 },
  volumes: [],
  restart: { when: "always", most: null },
};
const text = JSON.stringify(record);

/** Fields that the first engines did not write. */
const later = ["imageId", "idle", "volumes"];

test("a record of an older engine is read, with what it meant", () => {
  const old = Object.fromEntries(Object.entries(record).filter(([name]) => !later.includes(name)));
  expect(parseRecord(JSON.stringify(old))).toEqual(record);
});

/** A record, or an error of one line: never another value, never a crash. */
function expectWords(parse: (text: string) => unknown, input: string): void {
  try {
    expect(parse(input)).toBeObject();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(TypeError);
    expect((error as Error).message).not.toContain("\n");
  }
}

test("a record is read as it was written", () => {
  expect(parseRecord(text)).toEqual(record);
});

test("a torn record is an error in words, wherever it is torn", () => {
  for (let size = 0; size < text.length; size++) {
    const torn = text.slice(0, size);
    expect(() => parseRecord(torn)).toThrow();
    expectWords(parseRecord, torn);
  }
});

test("a record with a byte changed is a record, or an error in words", () => {
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, bytes) =>
      expectWords(parseRecord, text.slice(0, at) + bytes + text.slice(at + 1)),
    ),
    { numRuns: 500 },
  );
});

test("a record with a field that is something else is an error that names the field", () => {
  const fields = Object.keys(record);
  fc.assert(
    fc.property(fc.constantFrom(...fields), (name) => {
      expect(() => parseRecord(JSON.stringify({ ...record, [name]: 1.5 }))).toThrow(name);
      const { [name as keyof Record]: _, ...rest } = record;
      if (!later.includes(name)) expect(() => parseRecord(JSON.stringify(rest))).toThrow(name);
    }),
  );
});

test("any JSON and any text, in the place of a record, a state or a specification", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (input) => {
      for (const parse of [parseRecord, parseState, parseSpec]) expectWords(parse, input);
    }),
    { numRuns: 500 },
  );
});
