/** `just clean`, `kontener clean`: checkout and host as they were before kontener came. */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { KontenerError } from "../src/abi/error.ts";
import { readLayout } from "../src/cgroup/host.ts";
import { collectGarbage } from "../src/engine/gc.ts";
import { listRecords } from "../src/engine/record.ts";
import { requireRoot } from "../src/engine/run.ts";
import { paths as statePaths } from "../src/linux/paths.ts";
import { down } from "./network.ts";

/**
 * Removes kept containers, images, the network, control groups, state directories and, in a checkout, what was
 * installed and built there. Refuses while a container runs.
 *
 * @param say told of each thing that goes
 */
export async function clean(say: (text: string) => void): Promise<void> {
  requireRoot(process.getuid!());
  const paths = statePaths();
  await collectGarbage(paths);
  const running = listRecords(paths);
  if (running.length > 0)
    throw new KontenerError(`containers are running: ${running.join(", ")}`, {
      code: "CONFLICT",
      hint: "end them first",
    });
  await down({ paths });
  say("the network is down");
  removeTopGroups();
  for (const [directory, ours] of [
    [paths.run, runtimeEntries],
    [paths.lib, libraryEntries],
  ] as const)
    removeEntries(directory, ours, say);
  cleanCheckout(say);
}

/** The group above all containers' groups. It stays where an engine with other state directories has containers in it. */
function removeTopGroups(): void {
  const { hierarchies, unified } = readLayout();
  for (const { mount } of [...hierarchies, ...(unified ? [unified] : [])]) {
    try {
      rmdirSync(`${mount}/kontener`);
    } catch {
      // not there, or in use
    }
  }
}

/** What kontener makes in its directories: whatever else is in them was put there by somebody. */
const runtimeEntries = /^(containers|names|network|restored|restore\.lock)$/;
const libraryEntries = /^(containers|images|store|downloads|logs|records|networks)$/;

function removeEntries(directory: string, ours: RegExp, say: (text: string) => void): void {
  if (!existsSync(directory)) return;
  const entries = readdirSync(directory);
  for (const name of entries.filter((entry) => ours.test(entry)))
    rmSync(`${directory}/${name}`, { recursive: true, force: true });
  const foreign = entries.filter((entry) => !ours.test(entry));
  if (foreign.length === 0) rmdirSync(directory);
  say(
    foreign.length === 0
      ? `removed ${directory}`
      : `cleared ${directory}, but for what is not kontener's: ${foreign.join(", ")}`,
  );
}

/** What .gitignore names; nothing where this is not a checkout (an installed package, a compiled program). */
function cleanCheckout(say: (text: string) => void): void {
  const root = new URL("..", import.meta.url).pathname;
  if (!existsSync(`${root}.git`)) return;
  const roots = existsSync(`${root}rootfs`)
    ? readdirSync(`${root}rootfs`, { withFileTypes: true }).filter((e) => e.isDirectory())
    : [];
  const names = [...roots.map(({ name }) => `rootfs/${name}`), "dist", "node_modules"];
  for (const name of names.filter((entry) => existsSync(root + entry))) {
    rmSync(root + name, { recursive: true, force: true });
    say(`removed ${root}${name}`);
  }
}
