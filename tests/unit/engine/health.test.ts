import { expect, test } from "bun:test";
import { afterProbe, firstHealth, nextProbe, type Health } from "../../../src/engine/health.ts";

const started = Date.parse("2026-01-01T00:00:00Z");
const at = (ms: number): string => new Date(started + ms).toISOString();
const check = {
  command: ["x"],
  interval: 30_000,
  timeout: 1000,
  retries: 3,
  startPeriod: 10_000,
  startInterval: 1000,
};

/** Probes with these exit codes at these times. */
const play = (...probes: [ms: number, ExitCode: number][]): Health =>
  probes.reduce(
    (health, [ms, ExitCode]) =>
      afterProbe(health, { Start: at(ms), End: at(ms + 5), ExitCode, Output: `${ms}` }, started),
    firstHealth(check),
  );

test("one success is enough to be healthy, three failures in a row to be unhealthy", () => {
  expect(play([20_000, 0]).Status).toBe("healthy");
  expect(play([20_000, 0], [30_000, 1], [40_000, 1])).toMatchObject({
    Status: "healthy",
    FailingStreak: 2,
  });
  expect(play([20_000, 1], [30_000, -1], [40_000, 1]).Status).toBe("unhealthy");
  expect(play([20_000, 1], [30_000, 1], [40_000, 0], [50_000, 1]).FailingStreak).toBe(1);
});

test("failures within the start period do not count, until the first success", () => {
  expect(play([1000, 1], [2000, 1], [3000, 1], [4000, 1])).toMatchObject({
    Status: "starting",
    FailingStreak: 0,
  });
  expect(play([1000, 0], [2000, 1], [3000, 1], [4000, 1]).Status).toBe("unhealthy");
});

test("the last five probes are remembered", () => {
  const { Log } = play(...[1, 2, 3, 4, 5, 6, 7].map((n): [number, number] => [n, 0]));
  expect(Log.map(({ Output }) => Output)).toEqual(["3", "4", "5", "6", "7"]);
});

test("a probe is due an interval after the last one has ended, and more often while it starts", () => {
  expect(nextProbe(firstHealth(check), started)).toBe(started + 1000);
  expect(nextProbe(play([1000, 1]), started)).toBe(started + 2005);
  expect(nextProbe(play([1000, 0]), started)).toBe(started + 31_005);
  expect(nextProbe(play([12_000, 1]), started)).toBe(started + 42_005);
  expect(nextProbe(firstHealth({ ...check, startPeriod: 0 }), started)).toBe(started + 30_000);
});
