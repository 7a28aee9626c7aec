/**
 * `just bench [ROUNDS]`: cold starts from the built binary against whichever peers are installed, as ratios of medians in
 * one run. Prints a Markdown table; docs/performance.md keeps one with what was learned.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { compare, pss, type Candidate } from "../tests/bench/measure.ts";
import { makeBundle, peers } from "../tests/bench/peers.ts";

const root = new URL("..", import.meta.url).pathname;
const unified = "/sys/fs/cgroup/unified";

/**
 * Everything is measured in a mount namespace of its own: without the unified tree, because crun refuses hybrid hosts, and
 * with /run in memory, where it is not (file-hierarchy(7) has it so).
 */
if (!process.env["KONTENER_BENCH"]) {
  const inside = `
    mountpoint -q ${unified} && umount ${unified}
    [ "$(stat -f -c %T /run)" = tmpfs ] || mount -t tmpfs tmpfs /run
    exec "$@"`;
  const again = [process.execPath, import.meta.path, ...process.argv.slice(2)];
  const child = Bun.spawn(["unshare", "--mount", "sh", "-c", inside, "sh", ...again], {
    stdio: ["inherit", "inherit", "inherit"],
    env: { ...process.env, KONTENER_BENCH: "1" },
  });
  process.exit(await child.exited);
}

const rounds = Number(process.argv[2] ?? 40);
const directory = mkdtempSync("/var/tmp/kontener-bench-");
// Where users have them: images on a disk, records in memory.
const records = `/run/kontener-bench-${process.pid}`;
const env = { KONTENER_LIB: `${directory}/lib`, KONTENER_RUN: records };
const kontener = `${root}dist/kontener`;

try {
  await import("./build.ts");
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
    { name: "kontener, no network", command: start("--network", "none"), env },
    { name: "kontener, NAT network", command: start(), env },
    ...peers(bundle),
  ];
  const figures = await compare(candidates, rounds);
  const medianOf = (name: string) => figures.find((f) => f.name === name)?.median;
  const ratio = (median: number, peer: string) => {
    const other = medianOf(peer);
    return other ? (median / other).toFixed(2) : "–";
  };
  console.log(
    `\n${cpus()[0]?.model}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}; ${rounds} rounds\n`,
  );
  console.log("| | median, ms | p90 | × runc | × crun | × bwrap |\n|---|---|---|---|---|---|");
  for (const { name, median, p90 } of figures) {
    const ratios = ["runc", "crun", "bwrap"].map((peer) => ratio(median, peer)).join(" | ");
    console.log(`| ${name} | ${median.toFixed(1)} | ${p90.toFixed(1)} | ${ratios} |`);
  }
  console.log(`\n${await memory()}`);
} finally {
  await run([kontener, "network", "down"]).catch(() => undefined);
  for (const path of [directory, records]) rmSync(path, { recursive: true, force: true });
}

async function run(command: string[]): Promise<void> {
  const child = Bun.spawn(command, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
}

/** What the engine's processes add while a container runs. */
async function memory(): Promise<string> {
  const engine = Bun.spawn(
    [kontener, "run", "--init", "--network", "none", "busybox", "sleep", "60"],
    {
      env: { ...process.env, ...env },
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
