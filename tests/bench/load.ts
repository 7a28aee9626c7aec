/**
 * Much at once, by the built binary, and how long it takes: 200 detached containers alive together, and thirty clients that
 * start, wait for, stop and remove the same ten names.
 */
import { build } from "../../tasks/build.ts";

const kontener = `${process.argv[2]}/kontener`;
await build(kontener);

async function k(...args: string[]): Promise<string> {
  const child = Bun.spawn([kontener, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  const [text] = await Promise.all([child.stdout.text(), child.exited]);
  return text.trim();
}

/** The work of each number, `width` of them at a time. */
async function each(count: number, width: number, work: (i: number) => Promise<unknown>) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const rows: [what: string, seconds: number, right: string][] = [];
async function timed(what: string, work: () => Promise<string>): Promise<void> {
  const start = performance.now();
  const right = await work();
  rows.push([what, (performance.now() - start) / 1000, right]);
}

const flags = ["--network", "none"];
await k("run", ...flags, "busybox", "true"); // the image
const COUNT = 200;
await timed(`${COUNT} run -d, 8 at a time`, async () => {
  const command = (i: number) => ["busybox", "sh", "-c", `echo ${i}; sleep 1000`];
  await each(COUNT, 8, (i) => k("run", "-d", "--name", `load${i}`, ...flags, ...command(i)));
  return `${(await k("ps", "-q")).split("\n").length} run`;
});
await timed("their logs, one by one", async () => {
  let right = 0;
  await each(COUNT, 8, async (i) => {
    if ((await k("logs", `load${i}`)) === String(i)) right++;
  });
  return `${right} right`;
});
await timed("rm -f of all at once", async () => {
  const ids = (await k("ps", "-aq")).split("\n");
  return `${(await k("rm", "-f", ...ids)).split("\n").length} removed`;
});
await timed("30 clients on ten names: run -d, wait, stop, rm", async () => {
  await each(30, 30, async (i) => {
    const name = `shared${i % 10}`;
    await k("run", "-d", "--name", name, ...flags, "busybox", "sh", "-c", `exit ${i % 10}`);
    for (const verb of [["wait"], ["stop", "-t", "0"], ["rm", "-f"]]) await k(...verb, name);
  });
  return `${(await k("ps", "-aq")) === "" ? "none" : "some"} left`;
});

console.log("| what | seconds | |\n| --- | --- | --- |");
for (const [what, seconds, right] of rows)
  console.log(`| ${what} | ${seconds.toFixed(1)} | ${right} |`);
