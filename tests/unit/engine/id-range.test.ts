import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownRange, releaseIdRange, takeIdRange } from "../../../src/engine/id-range.ts";

const run = mkdtempSync(join(tmpdir(), "kontener-ids-"));
const paths = { lib: run, run };
afterAll(() => rmSync(run, { recursive: true }));

test("ranges do not overlap, and what is given back is given out again", () => {
  const first = takeIdRange("a", paths);
  const second = takeIdRange("b", paths);
  expect(second.start).toBeGreaterThanOrEqual(first.start + first.size);
  releaseIdRange("a", paths);
  expect(takeIdRange("c", paths)).toEqual(first);
  releaseIdRange("b", paths);
  releaseIdRange("c", paths);
  releaseIdRange("nobody", paths);
  expect(readdirSync(`${run}/id-ranges`)).toEqual([]);
});

test("an administrator's range counts where users and groups have the same", () => {
  const row = "kontener:200000:131072";
  expect(ownRange(`me:1:65536\n${row}\n`, `${row}\n`)).toEqual({ start: 200_000, size: 131_072 });
  expect(ownRange(row, "kontener:300000:131072")).toBeUndefined();
  expect(ownRange("kontener:200000:1000", "kontener:200000:1000")).toBeUndefined();
  expect(ownRange("", "")).toBeUndefined();
});
