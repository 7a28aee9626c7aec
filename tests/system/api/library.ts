/** The library under test, with state directories of its own for the time of one test file. */
import { afterAll, beforeAll } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { Engine } from "../support.ts";

/** Points this process's kontener to an engine of its own, and back at the end. */
export function useEngine(number: number): Engine {
  const engine = new Engine(number);
  const before: Record<string, string | undefined> = {};
  beforeAll(() => {
    for (const [name, value] of Object.entries(engine.env)) {
      if (!name.startsWith("KONTENER_")) continue;
      before[name] = process.env[name];
      process.env[name] = value;
    }
  });
  afterAll(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  return engine;
}

/** What this process has open, for people who look for a leak. */
export const descriptors = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the directory's own
    }
  });
