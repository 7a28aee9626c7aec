import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import type { CgroupLayout } from "../../../src/cgroup/layout.ts";
import { parseKey, parseNanoseconds, parseNumber, readUsage } from "../../../src/cgroup/stats.ts";

const directory = mkdtempSync(`${tmpdir()}/kontener-stats-`);
afterAll(() => rmSync(directory, { recursive: true }));

/** A control group made of plain files. */
function group(name: string, files: Record<string, string>): string {
  const mount = `${directory}/${name}`;
  mkdirSync(`${mount}/kontener/web`, { recursive: true });
  for (const [file, text] of Object.entries(files))
    writeFileSync(`${mount}/kontener/web/${file}`, text);
  return mount;
}

test("v2: usage comes from one group", () => {
  const mount = group("v2", {
    "memory.current": "4096\n",
    "memory.peak": "8192\n",
    "memory.stat": "anon 1\ninactive_file 1024\n",
    "memory.events": "low 0\noom 2\noom_kill 1\noom_group_kill 0\n",
    "cpu.stat": "usage_usec 300\nuser_usec 200\nsystem_usec 100\n",
    "pids.current": "3\n",
  });
  const layout: CgroupLayout = {
    version: "v2",
    hierarchies: [],
    unified: { mount, controllers: ["memory", "pids"] },
  };
  expect(readUsage(layout, "/kontener/web")).toEqual({
    memoryCurrent: 4096,
    memoryPeak: 8192,
    memoryInactiveFile: 1024,
    oomKills: 1,
    cpuTimeUsec: 300,
    cpuUserUsec: 200,
    cpuSystemUsec: 100,
    pids: 3,
  });
  expect(readUsage(layout, "/kontener/web", ["memoryPeak"])).toEqual({ memoryPeak: 8192 });
});

test("v1: usage comes from several trees, processor time in nanoseconds", () => {
  const memory = group("memory", {
    "memory.usage_in_bytes": "4096",
    "memory.max_usage_in_bytes": "8192",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
  });
  const cpu = group("cpu", { "cpuacct.usage": "1500000" });
  const layout: CgroupLayout = {
    version: "v1",
    hierarchies: [
      { mount: memory, controllers: ["memory"] },
      { mount: cpu, controllers: ["cpu", "cpuacct"] },
    ],
  };
  expect(readUsage(layout, "/kontener/web")).toEqual({
    memoryCurrent: 4096,
    memoryPeak: 8192,
    oomKills: 1,
    cpuTimeUsec: 1500,
  });
});

test("hybrid: processor time comes from the unified tree, which needs no controller for it", () => {
  const mount = group("unified", { "cpu.stat": "usage_usec 7\n" });
  const layout: CgroupLayout = {
    version: "hybrid",
    hierarchies: [],
    unified: { mount, controllers: [] },
  };
  expect(readUsage(layout, "/kontener/web")).toEqual({ cpuTimeUsec: 7 });
});

test("a group that is gone has used nothing that can be known", () => {
  const layout: CgroupLayout = {
    version: "v2",
    hierarchies: [],
    unified: { mount: directory, controllers: ["memory"] },
  };
  expect(readUsage(layout, "/no/such")).toEqual({});
});

test("odd content is undefined, never a crash or NaN", () => {
  for (const text of ["", "max", "-1", "1.5", "12 34", "0x10", "NaN"])
    expect(parseNumber(text)).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const parse of [parseNumber, parseNanoseconds, parseKey("usage_usec")])
        expect(parse(text)).not.toBeNaN();
    }),
  );
  expect(parseKey("oom")("oom_kill 1\noom 2\n")).toBe(2);
});
