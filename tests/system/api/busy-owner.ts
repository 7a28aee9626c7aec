/** A process that is busy with other things while it runs boxes: two workers, the collector, a large heap. */
import { container, run } from "../../../src/index.ts";

const spin = new Blob(["for (;;) { const a = []; for (let i = 0; i < 1e5; i++) a.push({ i }); }"]);
const workers = [1, 2].map(() => new Worker(URL.createObjectURL(spin)));
const heap = Array.from({ length: 300_000 }, (_, i) => ({ i, text: `object ${i}` }));
const collector = setInterval(() => Bun.gc(false), 5);

let good = 0;
await using box = await container("busybox", { network: "none" });
for (let i = 0; i < 20; i++) {
  const [a, b] = await Promise.all([
    run("busybox", ["sh", "-c", `exit ${i}`], { network: "none" }),
    box.exec(["echo", String(i)], { input: "x".repeat(i) }),
  ]);
  if (a.exitCode === i && b.stdout === `${i}\n`) good++;
}
clearInterval(collector);
for (const worker of workers) worker.terminate();
console.log(good, heap.length);
