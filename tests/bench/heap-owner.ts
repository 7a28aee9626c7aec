/**
 * A process that starts a container for each line on its standard input and prints the milliseconds. With `large` as argument
 * it has 1 GB of live objects and two workers that make and drop others.
 */
import { heapStats } from "bun:jsc";
import { run } from "../../src/index.ts";
import { called } from "./measure.ts";

const live: object[][] = [];
const workers: Worker[] = [];
if (process.argv[2] === "large") {
  while (heapStats().heapSize < 1 << 30)
    live.push(Array.from({ length: 200_000 }, (_, i) => ({ i, text: `object ${i}` })));
  const busy = "for (;;) { const a = []; for (let i = 0; i < 1e5; i++) a.push({ i }); }";
  const url = URL.createObjectURL(new Blob([busy]));
  workers.push(new Worker(url), new Worker(url));
}
const start = called("start", () => run("busybox", ["true"], { network: "none" }));
for (let i = 0; i < 20; i++) await start.time();
console.log("ready");
for await (const _ of console) console.log(await start.time());
for (const worker of workers) worker.terminate();
