import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { capture, laterStream, splitLines } from "../../../src/api/streams.ts";

/** A stream of these bytes, cut at these places. */
function streamOf(
  bytes: Uint8Array,
  cuts: readonly number[],
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length];
  const sorted = places.toSorted((a, b) => a - b);
  return new ReadableStream({
    start(controller) {
      for (const [i, place] of sorted.slice(1).entries())
        if (place > sorted[i]!) controller.enqueue(bytes.slice(sorted[i], place));
      controller.close();
    },
  });
}

test("lines are the same wherever the chunks are cut", async () => {
  const text = fc.array(fc.constantFrom("a", "ä", "🙂", "\n", "\r", ""), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(200)), async (parts, cuts) => {
      const whole = parts.join("");
      const lines = await Array.fromAsync(
        splitLines(streamOf(new TextEncoder().encode(whole), cuts)),
      );
      const expected = whole.split("\n");
      if (expected.at(-1) === "") expected.pop();
      expect(lines).toEqual(expected);
    }),
  );
});

test("capture keeps the first bytes, and says once more than that has come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array(),
      fc.array(fc.nat(200)),
      fc.nat(40),
      async (bytes, cuts, limit) => {
        let full = false;
        const kept = await capture(streamOf(new Uint8Array(bytes), cuts), limit, () => {
          full = true;
        });
        expect([...kept]).toEqual([...bytes.subarray(0, limit)]);
        expect(full).toBe(bytes.length > limit);
      },
    ),
  );
});

test("a stream of one that never comes fails with its error, also when it is cancelled", async () => {
  const error = new Error("no such command");
  await expect(laterStream(Promise.reject(error)).getReader().read()).rejects.toBe(error);
  await expect(laterStream(Promise.reject(error)).cancel()).rejects.toBe(error);
});
