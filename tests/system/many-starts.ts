/** Starts containers from one process: `bun many-starts.ts SEQUENTIAL PARALLEL AT-A-TIME`; prints what went wrong. */
import { readdirSync } from "node:fs";
import { run } from "../../src/engine/run.ts";
import type { EngineOptions } from "../../src/spec/engine-options.ts";

const [sequential = 0, parallel = 0, width = 1] = process.argv.slice(2).map(Number);
const engine: EngineOptions = {
  dryRun: false,
  explain: false,
  step: false,
  executor: "launcher",
  format: "text",
};
const failures: string[] = [];

async function start(i: number): Promise<void> {
  try {
    const network = i % 2 ? "none" : "bridge";
    const command = ["sh", "-c", `exit ${i % 100}`];
    const result = await run({ image: "busybox", command, network }, engine, {
      warn: (text) => failures.push(text),
    });
    if (result.exitCode !== i % 100) failures.push(`start ${i} ended with ${result.exitCode}`);
  } catch (error) {
    failures.push(`start ${i}: ${(error as Error).message}`);
  }
}

const descriptors = () => readdirSync("/proc/self/fd").length;

for (let i = 0; i < 5; i++) await start(i);
Bun.gc(true);
await Bun.sleep(100); // a monitor takes its namespaces apart after its container has ended
const before = descriptors();
for (let i = 0; i < sequential; i++) await start(i);
let next = 0;
await Promise.all(
  Array.from({ length: width }, async () => {
    while (next < parallel) await start(next++);
  }),
);
Bun.gc(true);
await Bun.sleep(100);
console.log(JSON.stringify({ failures, descriptors: { before, after: descriptors() } }));
