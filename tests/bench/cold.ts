/** Cold starts of the built binary against whichever peers are installed, as ratios of medians in one run. */
import { mkdirSync, writeFileSync } from "node:fs";
import { build } from "../../tasks/build.ts";
import { compare, pss, spawned, type Candidate } from "./measure.ts";
import { makeBundle, peers } from "./peers.ts";

if (import.meta.main) await coldStarts(process.argv[2]!, Number(process.argv[3]) || 40);

/** Prints a Markdown table. The state is where the environment says. */
async function coldStarts(directory: string, rounds: number): Promise<void> {
  const kontener = `${directory}/kontener`;
  await build(kontener);
  const hello = `${directory}/hello`;
  writeFileSync(`${directory}/hello.ts`, "console.log('hello')\n");
  await Bun.build({
    entrypoints: [`${directory}/hello.ts`],
    compile: { outfile: hello },
    bytecode: true,
    format: "cjs",
  });
  await run([kontener, "prepare", "busybox"]);
  mkdirSync(`${directory}/bundle`);
  const bundle = makeBundle(`${directory}/bundle`, `${directory}/lib/images/busybox/rootfs`);
  const start = (...flags: string[]): string[] => [kontener, "run", ...flags, "busybox", "true"];
  const candidates: Candidate[] = [
    { name: "an empty Bun program, compiled", command: [hello] },
    { name: "kontener, no network", command: start("--network", "none") },
    { name: "kontener, NAT network", command: start() },
    ...peers(bundle),
  ];
  const figures = await compare(candidates.map(spawned), rounds);
  const medianOf = (name: string) => figures.find((f) => f.name === name)?.median;
  const ratio = (median: number, peer: string) => {
    const other = medianOf(peer);
    return other ? (median / other).toFixed(2) : "–";
  };
  console.log("\n| | median, ms | p90 | × runc | × crun | × bwrap |\n|---|---|---|---|---|---|");
  for (const { name, median, p90 } of figures) {
    const ratios = ["runc", "crun", "bwrap"].map((peer) => ratio(median, peer)).join(" | ");
    console.log(`| ${name} | ${median.toFixed(1)} | ${p90.toFixed(1)} | ${ratios} |`);
  }
  console.log(`\n${await memory(kontener)}`);
}

async function run(command: string[]): Promise<void> {
  const child = Bun.spawn(command, {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
}

/** What the engine's processes add while a container runs. */
async function memory(kontener: string): Promise<string> {
  const engine = Bun.spawn(
    [kontener, "run", "--init", "--network", "none", "busybox", "sleep", "60"],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  await Bun.sleep(1000);
  const monitor = Number(
    (await Bun.file(`/proc/${engine.pid}/task/${engine.pid}/children`).text()).split(" ")[0],
  );
  const text = `Memory while a container runs (PSS): the engine's process ${await pss(engine.pid)} KiB, the monitor ${await pss(monitor)} KiB.`;
  engine.kill("SIGTERM"); // it removes its container itself: the records go with the directory
  await engine.exited;
  return text;
}
