/** Boxes of one process, all alive at once: `bun many-boxes.ts COUNT`; prints what went wrong. */
import { container, type Box } from "../../src/index.ts";

const count = Number(process.argv[2]);
const numbers = [...Array(count).keys()];
const boxes: Box[] = [];

/** 20 at a time. */
async function each(work: (i: number) => Promise<void>): Promise<void> {
  const rest = [...numbers];
  const worker = async () => {
    for (let i = rest.shift(); i !== undefined; i = rest.shift()) await work(i);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

await each(async (i) => {
  boxes[i] = await container("busybox", { network: i % 4 ? "none" : "bridge" });
  await boxes[i]!.writeFile("/number", String(i));
});
const wrong: string[] = [];
await each(async (i) => {
  const { stdout, exitCode } = await boxes[i]!.exec([
    "sh",
    "-c",
    "cat /number; exit $(($(cat /number) % 100))",
  ]);
  if (stdout !== String(i) || exitCode !== i % 100) wrong.push(`${i}: ${stdout}, ${exitCode}`);
});
const alive = boxes.length;
await each(async (i) => await boxes[i]![Symbol.asyncDispose]());
console.log(JSON.stringify({ alive, wrong }));
