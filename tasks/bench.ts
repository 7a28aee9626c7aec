/**
 * `just bench [cold|library|pull|load|ps] [ROUNDS]`: against whichever peers are installed, as ratios of medians in one run. Prints Markdown
 * tables; docs/performance.md keeps those of a quiet machine with what was learned.
 *
 *   cold      the built binary's start, against runc, crun and bwrap
 *   library   starts and commands in one process, against bwrap, runc, and the same calls in C
 *   pull      an image of ten layers from a registry on loopback, unpacked, against skopeo with umoci, and podman
 *   load      200 containers at once, 30 clients on the same names
 *   ps        `ps` and `ps -a` of a thousand containers
 */
import { cpus } from "node:os";
import { makePlace } from "../tests/bench/place.ts";

const parts = ["cold", "library", "pull", "load", "ps"] as const;
const words = process.argv.slice(2);
const chosen = parts.filter((part) => words.includes(part));
const odd = words.find(
  (word) => !/^[1-9]\d*$/.test(word) && !(parts as readonly string[]).includes(word),
);
if (odd !== undefined) {
  console.error(`bench: ${odd} is neither a part (${parts.join(", ")}) nor a number of rounds`);
  process.exit(1);
}
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? 0);

using place = makePlace();
Object.assign(process.env, place.env);
try {
  for (const part of chosen.length ? chosen : parts) await measure(part);
} finally {
  await Bun.spawn([process.execPath, `${import.meta.dir}/network.ts`, "down"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: process.env, // what was set meanwhile goes over only where it is named
  }).exited;
}

/**
 * In a mount namespace of its own: with /run in memory, where it is not (file-hierarchy(7) has it so); and for the cold starts
 * without the unified tree of a hybrid host, because crun refuses those.
 */
async function measure(part: (typeof parts)[number]): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  console.log(`\n${cpus()[0]?.model}, ${cpus().length} cores, ${day}: ${part}\n`);
  const unified = "/sys/fs/cgroup/unified";
  const inside = `
    ${part === "cold" ? `mountpoint -q ${unified} && umount ${unified}` : ""}
    [ "$(stat -f -c %T /run)" = tmpfs ] || mount -t tmpfs tmpfs /run
    exec "$@"`;
  const program = `${import.meta.dir}/../tests/bench/${part}.ts`;
  const argv = [process.execPath, program, place.directory, String(rounds)];
  const child = Bun.spawn(["unshare", "--mount", "sh", "-c", inside, "sh", ...argv], {
    stdio: ["ignore", "inherit", "inherit"],
    env: process.env,
  });
  if ((await child.exited) !== 0) process.exitCode = 1;
}
