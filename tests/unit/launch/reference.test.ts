import { expect, test } from "bun:test";
import fc from "fast-check";
import { signatures } from "../../../src/plan/signatures.ts";
import { unforked } from "../../../src/launch/reference/fork.ts";
import { decodeRequest, encodeRequest } from "../../../src/launch/reference/request.ts";
import { oneThreadEnvironment } from "../../../src/launch/reference/start.ts";
import { planOf, samples, step } from "./samples.ts";

test("a plan arrives at the reference executor as it was sent, memory included", () => {
  const { execve: _, ...others } = samples;
  const plan = planOf(Object.values(others).map((sample) => step(sample)));
  expect(Object.keys(samples).toSorted()).toEqual(Object.keys(signatures).toSorted());
  const request = { plan, narrate: true, ask: false };
  expect(decodeRequest(encodeRequest(request))).toEqual(request);
});

test("any text and any memory survive the way", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.uint8Array(), (text, bytes) => {
      const argp = { text, bytes };
      const plan = planOf([
        step({ ...samples.ioctl, argp }),
        step({ ...samples.chdir, path: text }),
      ]);
      const request = { plan, narrate: false, ask: true };
      expect(decodeRequest(encodeRequest(request))).toEqual(request);
    }),
  );
});

test("memory may be a Buffer, which JSON would spell out", () => {
  const argp = { text: "[1]", bytes: Buffer.from([1, 2]) };
  const request = { plan: planOf([step({ ...samples.ioctl, argp })]), narrate: false, ask: false };
  const [arrived] = decodeRequest(encodeRequest(request)).plan.init;
  expect(arrived).toMatchObject({ argp: { bytes: new Uint8Array([1, 2]) } });
});

test("the mappings that a child of fork() would lack are found in smaps", () => {
  const smaps = [
    "00400000-00500000 r-xp 00000000 08:01 42 /usr/bin/bun",
    "VmFlags: rd ex mr mw me",
    "7f0000000000-7f0040000000 rwxp 00000000 00:00 0",
    "Size: 1048576 kB",
    "VmFlags: rd wr ex mr mw me dc nr",
    "7f0040000000-7f0040001000 rw-p 00000000 00:00 0",
    "VmFlags: rd wr mr mw me dc",
    "",
  ].join("\n");
  expect(unforked(smaps)).toEqual([
    [0x7f0000000000n, 0x7f0040000000n],
    [0x7f0040000000n, 0x7f0040001000n],
  ]);
});

/** The threads that a Bun process with imports has had in its first 50 ms. */
function threads(env: Record<string, string>): string[] {
  const script = new URL("./fixtures/threads.ts", import.meta.url).pathname;
  const { stdout } = Bun.spawnSync([process.execPath, script], { env });
  return JSON.parse(stdout.toString()) as string[];
}

test("Bun has one thread with the reference executor's environment, and more without", () => {
  expect(threads(oneThreadEnvironment)).toHaveLength(1);
  expect(threads({}).length).toBeGreaterThan(1);
});
