import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeNote,
  kinds,
  MessageReader,
  type MessageKind,
  type Note,
} from "../../../src/launch/protocol.ts";

const note = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as MessageKind[])),
  step: fc.integer({ min: 0, max: 0xffffffff }),
  value: fc.integer(),
  nanoseconds: fc.integer({ min: 0, max: 2 ** 50 }),
});

test("messages come out as they went in, wherever the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(note), fc.array(fc.nat(), { maxLength: 20 }), (notes, cuts) => {
      const stream = Buffer.concat(
        notes.map((n) => encodeNote(n.kind, n.step, n.value, n.nanoseconds)),
      );
      const places = cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b);
      const reader = new MessageReader();
      const read: Note[] = [];
      [...places, stream.length].reduce((from, to) => {
        read.push(...reader.read(Uint8Array.from(stream.subarray(from, to))));
        return to;
      }, 0);
      expect(read).toEqual(notes);
    }),
  );
});

test("a chunk may be overwritten once it was read", () => {
  const reader = new MessageReader();
  const [whole, chunk] = [encodeNote("forked", 0, 4711), new Uint8Array(20)];
  chunk.set(whole.subarray(0, 20));
  expect([...reader.read(chunk)]).toEqual([]);
  chunk.fill(0xff);
  expect([...reader.read(whole.subarray(20))]).toMatchObject([{ kind: "forked", value: 4711 }]);
});

test("what the kernel stores as an int is read without the rubbish above it", () => {
  const bytes = encodeNote("ended", 0, 0x8b);
  bytes.fill(0xaa, 12, 16);
  expect([...new MessageReader().read(bytes)]).toMatchObject([{ kind: "ended", value: 0x8b }]);
});

test("a message of unknown kind is an error, not a message", () => {
  expect(() => [...new MessageReader().read(new Uint8Array(32))]).toThrow("unknown kind 0");
});
