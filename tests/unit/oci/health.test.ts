import { expect, test } from "bun:test";
import { healthCheckOf } from "../../../src/oci/health.ts";

const image = "busybox";
const usual = {
  interval: 30_000,
  timeout: 30_000,
  retries: 3,
  startPeriod: 0,
  startInterval: 5000,
};

test("without flags and HEALTHCHECK there is no health check", () => {
  expect(healthCheckOf({ image }, {})).toBeUndefined();
  expect(healthCheckOf({ image, health: { interval: 5 } }, {})).toBeUndefined();
  for (const Test of [["NONE"], [], null, ["CMD"], ["ODD", "x"]])
    expect(healthCheckOf({ image }, { Healthcheck: { Test } })).toBeUndefined();
});

test("the image's HEALTHCHECK is run by its shell, or as it is", () => {
  const line = { Healthcheck: { Test: ["CMD-SHELL", "a | b"] } };
  expect(healthCheckOf({ image }, line)).toEqual({ command: ["/bin/sh", "-c", "a | b"], ...usual });
  const { command } = healthCheckOf({ image }, { ...line, Shell: ["/bin/ash", "-ec"] })!;
  expect(command).toEqual(["/bin/ash", "-ec", "a | b"]);
  const exec = healthCheckOf({ image }, { Healthcheck: { Test: ["CMD", "a", "b c"] } });
  expect(exec!.command).toEqual(["a", "b c"]);
});

test("a flag goes before the image, and 0 is as usual", () => {
  const Healthcheck = { Test: ["CMD", "x"], Interval: 7e9, Timeout: 1e9, Retries: 9 };
  const health = { command: "y", timeout: 20, retries: 0 };
  expect(healthCheckOf({ image, health }, { Healthcheck })).toEqual({
    ...usual,
    command: ["/bin/sh", "-c", "y"],
    interval: 7000,
    timeout: 20,
    retries: 9,
  });
});

test("--no-healthcheck goes before the image", () => {
  const config = { Healthcheck: { Test: ["CMD", "x"] } };
  expect(healthCheckOf({ image, health: "none" }, config)).toBeUndefined();
});

test("what an image asks for fits a timer", () => {
  const config = { Healthcheck: { Test: ["CMD", "x"], Interval: 1e30 } };
  expect(healthCheckOf({ image }, config)!.interval).toBe(2 ** 31 - 1);
});
