/** The library's figures: starts, commands and boxes in this process, against bwrap, runc and the same calls in C. */
import { compileBorn } from "./born.ts";
import { container, run, type Box } from "../../src/index.ts";
import { holdUp, median } from "./loop.ts";
import { makeBundle, peers } from "./peers.ts";
import { called, compare, pss, spawned, type Candidate, type Timed } from "./measure.ts";

type Row = { what: string; reached: string; wanted: string };

const [WIDTH, MANY] = [16, 160];
const none = { network: "none" } as const;
const ratio = (a: number, b: number | undefined): string =>
  b === undefined ? "–" : (a / b).toFixed(2);
const ms = (value: number): string => `${value.toFixed(2)} ms`;

/** All of them, as they come. The state is where the environment says; `directory` takes what else is made. */
async function* figures(directory: string, rounds: number): AsyncGenerator<Row, void, undefined> {
  await run("busybox", ["true"], none);
  const rootfs = `${process.env["KONTENER_LIB"]}/images/busybox/rootfs`;
  const others = peers(makeBundle(`${directory}/library-bundle`, rootfs)).filter(({ name }) =>
    ["bwrap", "runc"].includes(name),
  );
  yield* await starts(directory, others, rounds);
  yield* await throughput(others);
  yield* await largeHeap(rounds);
  yield* await memory();
  yield* await eventLoop(rounds);
}

/** One start to its end, in turn with the others'; and what a command in a box that runs, and a network, make of it. */
async function starts(
  directory: string,
  peers: readonly Candidate[],
  rounds: number,
): Promise<Row[]> {
  await using box = await container("busybox", none);
  using born = await compileBorn(directory);
  const all: Timed[] = [
    called("start", () => run("busybox", ["true"], none)),
    called("exec", () => box.exec(["true"])),
    called("network", () => run("busybox", ["true"])),
    ...(born ? [born] : []),
    ...peers.map(spawned),
  ];
  const medians = new Map((await compare(all, rounds)).map((f) => [f.name, f.median]));
  const start = medians.get("start")!;
  const [exec, network] = [medians.get("exec")!, medians.get("network")!];
  const [bwrap, c] = [medians.get("bwrap"), born && medians.get(born.name)];
  return [
    { what: "start to exit of `true`", reached: ms(start), wanted: "" },
    { what: "… × bwrap, spawned", reached: ratio(start, bwrap), wanted: "≤ 0.6" },
    { what: "… × the same calls in C", reached: ratio(start, c), wanted: "≤ 1.5" },
    { what: "… × runc run, spawned", reached: ratio(start, medians.get("runc")), wanted: "" },
    { what: "`exec` in a box × a start", reached: ratio(exec, start), wanted: "≤ 0.5" },
    { what: "with NAT, more by", reached: ms(network - start), wanted: "≤ 5 ms" },
  ];
}

/** Things a second, 16 at a time; the best of three turns each. */
async function throughput(peers: readonly Candidate[]): Promise<Row[]> {
  const own: Timed = called("kontener", () => run("busybox", ["true"], none));
  const all = [own, ...peers.map(spawned)];
  const best = new Map<string, number>();
  for (let round = 0; round < 3; round++)
    for (const one of round % 2 ? all.toReversed() : all)
      best.set(one.name, Math.max(best.get(one.name) ?? 0, await rate(one)));
  const mine = best.get("kontener")!;
  return [
    { what: "boxes a second, 16 at a time", reached: mine.toFixed(0), wanted: "" },
    { what: "… × bwrap, spawned", reached: ratio(mine, best.get("bwrap")), wanted: "≥ 2" },
    { what: "… × runc run, spawned", reached: ratio(mine, best.get("runc")), wanted: "≥ 8" },
  ];
}

async function rate(one: Timed): Promise<number> {
  let left = one.name === "runc" ? MANY / 4 : MANY;
  const all = left;
  const start = performance.now();
  const worker = async () => {
    while (left-- > 0) await one.time();
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return (all * 1000) / (performance.now() - start);
}

/** A start in a process with 1 GB of live objects and two busy workers, which stand still while the empty one has its turn. */
async function largeHeap(rounds: number): Promise<Row[]> {
  const [small, large] = [owner("small"), owner("large")];
  const times: Record<"small" | "large", number[]> = { small: [], large: [] };
  try {
    for (const one of [small, large]) await one.line();
    large.child.kill("SIGSTOP");
    for (let round = 0; round < Math.ceil(rounds / 10); round++) {
      for (let i = 0; i < 10; i++) times.small.push(await small.ask());
      large.child.kill("SIGCONT");
      for (let i = 0; i < 10; i++) times.large.push(await large.ask());
      large.child.kill("SIGSTOP");
    }
  } finally {
    for (const { child } of [small, large]) {
      child.kill("SIGCONT");
      await child.stdin.end();
      await child.exited;
    }
  }
  return [
    {
      what: "a start beside 1 GB of objects and two busy workers × one in an empty process",
      reached: ratio(median(times.large), median(times.small)),
      wanted: "≤ 1.3",
    },
  ];
}

function owner(size: "small" | "large") {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/heap-owner.ts`, size], {
    stdio: ["pipe", "pipe", "inherit"],
    env: process.env,
  });
  const reader = child.stdout.getReader();
  const line = async () => {
    const { value } = await reader.read();
    if (!value) throw new Error(`heap-owner.ts ended with ${await child.exited}`);
    return new TextDecoder().decode(value).trim();
  };
  const ask = async () => {
    child.stdin.write("\n");
    await child.stdin.flush();
    return Number(await line());
  };
  return { child, line, ask };
}

/** What boxes that do nothing cost, in all processes of the engine: their monitors and sleeping PID 1s, and this one. */
async function memory(): Promise<Row[]> {
  const warm = await container("busybox", none);
  await warm.close();
  Bun.gc(true);
  const before = await pss(process.pid);
  const children = async () =>
    (await Bun.file(`/proc/self/task/${process.pid}/children`).text()).split(" ").filter(Boolean);
  const others = new Set(await children());
  const boxes = await Promise.all(Array.from({ length: 50 }, () => container("busybox", none)));
  let sum = 0;
  for (const monitor of (await children()).filter((pid) => !others.has(pid))) {
    const inner = await Bun.file(`/proc/${monitor}/task/${monitor}/children`).text();
    for (const pid of [monitor, ...inner.split(" ").filter(Boolean)]) sum += await pss(Number(pid));
  }
  Bun.gc(true);
  const own = Math.max(0, (await pss(process.pid)) - before);
  await Promise.all(boxes.map((box: Box) => box.close()));
  return [
    {
      what: "memory per idle box, PSS, of it in this process",
      reached: `${((sum + own) / 50).toFixed(0)} KiB, ${(own / 50).toFixed(0)} KiB`,
      wanted: "≤ 512 KiB",
    },
  ];
}

/** For how long a start holds up the event loop, alone and beside a hundred boxes. */
async function eventLoop(rounds: number): Promise<Row[]> {
  const start = () => run("busybox", ["true"], none);
  const row = async (what: string): Promise<Row> => {
    const { longest } = await holdUp(rounds, start);
    return { what, reached: ms(longest), wanted: "≤ 1 ms" };
  };
  const alone = await row("a start holds up the event loop for");
  const boxes: Box[] = [];
  for (let i = 0; i < 100; i++) boxes.push(await container("busybox", none));
  const beside = await row("… while 100 boxes run");
  await Promise.all(boxes.map((box) => box.close()));
  return [alone, beside];
}

if (import.meta.main) {
  console.log("| | reached | wanted |\n|---|---|---|");
  for await (const { what, reached, wanted } of figures(
    process.argv[2]!,
    Number(process.argv[3]) || 300,
  ))
    console.log(`| ${what} | ${reached} | ${wanted} |`);
}
