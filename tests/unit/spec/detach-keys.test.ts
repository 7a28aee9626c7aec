import { expect, test } from "bun:test";
import fc from "fast-check";
import { DetachKeys, parseDetachKeys } from "../../../src/spec/detach-keys.ts";

const keys = parseDetachKeys("--detach-keys", "ctrl-p,ctrl-q");

test("keys are control characters or letters, as a terminal sends them", () => {
  expect([...keys]).toEqual([16, 17]);
  expect([...parseDetachKeys("k", "a,ctrl-],ctrl-@")]).toEqual([97, 29, 0]);
  for (const wrong of ["ctrl-", "ctrl-p ctrl-q", "ab", "ctrl-1", ","])
    expect(() => parseDetachKeys("--detach-keys", wrong)).toThrow("are not keys");
});

test("the keys leave however the bytes come, and all that was typed before them is passed", () => {
  const bytes = fc.array(fc.constantFrom(16, 17, 97), { maxLength: 12 });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(3)), (typed, cuts) => {
      const reader = new DetachKeys(keys);
      const passed: number[] = [];
      let detached = false;
      let at = 0;
      for (let i = 0; at < typed.length && !detached; i++) {
        const size = 1 + (cuts[i] ?? 0);
        const { bytes: out, detach } = reader.read(Uint8Array.from(typed.slice(at, at + size)));
        passed.push(...out);
        detached = detach;
        at += size;
      }
      const end = Buffer.from(typed).indexOf(Buffer.from([16, 17]));
      expect(detached).toBe(end >= 0);
      const expected = end >= 0 ? typed.slice(0, end) : typed;
      const held = expected.at(-1) === 16 && end < 0 ? 1 : 0; // the first key may be the beginning of both
      expect(passed).toEqual(expected.slice(0, expected.length - held));
    }),
  );
});

test("without keys everything is passed", () => {
  const typed = Uint8Array.of(16, 17);
  expect(new DetachKeys(new Uint8Array(0)).read(typed)).toEqual({ bytes: typed, detach: false });
});
