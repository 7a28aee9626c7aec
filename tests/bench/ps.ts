/** `ps` of a thousand containers, from the built binary: those that have ended, and those that run. */
import { mkdirSync, writeFileSync } from "node:fs";
import { startTicks } from "../../src/engine/state.ts";
import { writeKilled } from "../../src/engine/state.ts";
import { tryLock } from "../../src/linux/file-lock.ts";
import { compare, spawned } from "./measure.ts";

const kontener = new URL("../../dist/kontener", import.meta.url).pathname;
const COUNT = 1000;

/** Prints a Markdown table. */
async function listings(directory: string, rounds: number): Promise<void> {
  await import("../../tasks/build.ts");
  const [ended, running, none] = ["ended", "running", "none"].map((name) => `${directory}/${name}`);
  for (let n = 0; n < COUNT; n++) {
    makeEnded(ended!, n);
    makeRunning(running!, n);
  }
  const ps = (name: string, run: string, ...flags: string[]) =>
    spawned({ name, command: [kontener, "ps", ...flags], env: { KONTENER_RUN: run } });
  const figures = await compare(
    [
      ps("ps, no container", none!),
      ps(`ps, ${COUNT} that have ended`, ended!),
      ps(`ps -a, ${COUNT} that have ended`, ended!, "-a"),
      ps(`ps, ${COUNT} that run`, running!),
    ],
    rounds,
  );
  console.log("\n| | median, ms | p90 |\n|---|---|---|");
  for (const { name, median, p90 } of figures)
    console.log(`| ${name} | ${median.toFixed(1)} | ${p90.toFixed(1)} |`);
}

/** As `run -d` and the monitor leave one; the files that `ps` reads. */
function makeEnded(run: string, n: number): void {
  const directory = makeRecord(run, n);
  writeState(directory, 0, 0);
  writeKilled(directory);
  for (const mark of ["kept", "settled"]) writeFileSync(`${directory}/${mark}`, "");
}

/** This process is its monitor and its first process. */
function makeRunning(run: string, n: number): void {
  const directory = makeRecord(run, n);
  writeState(directory, process.pid, startTicks(process.pid)!);
  for (const file of ["kept", "exit"]) writeFileSync(`${directory}/${file}`, "");
  tryLock(`${directory}/lock`);
}

function makeRecord(run: string, n: number): string {
  const id = n.toString(16).padStart(12, "0");
  const directory = `${run}/containers/${id}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${run}/restored`, "");
  const record = {
    id,
    name: `web-${n}`,
    hostname: `web-${n}`,
    image: "busybox",
    imageId: null,
    created: new Date(Date.now() - 1000 * n).toISOString(),
    command: ["sleep", "1000"],
    idle: false,
    engine: process.pid,
    scratch: `/var/lib/kontener/containers/${id}`,
    keep: true,
    link: `kn${id.slice(0, 10)}`,
    options: {
      image: "busybox",
      command: ["sleep", "1000"],
      env: { A: "b" },
      labels: { app: "web" },
    },
    detached: true,
    autoRemove: false,
    logs: { directory: `/var/lib/kontener/logs/${id}`, maxSize: 10_000_000, maxFiles: 3 },
    volumes: [],
    restart: null,
  };
  writeFileSync(`${directory}/record.json`, `${JSON.stringify(record)}\n`);
  return directory;
}

const writeState = (directory: string, pid: number, ticks: number): void =>
  writeFileSync(
    `${directory}/state.json`,
    JSON.stringify({ pid, ticks, started: new Date().toISOString(), address: "10.111.0.2" }),
  );

if (import.meta.main) await listings(process.argv[2]!, Number(process.argv[3]) || 40);
