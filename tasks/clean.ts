/** `just clean`, `kontener clean`: checkout and host as they were before kontener came. */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { KontenerError } from "../src/abi/error.ts";
import { readLayout } from "../src/cgroup/host.ts";
import { deleteContainer } from "../src/engine/delete.ts";
import { exclusively } from "../src/engine/exclusive.ts";
import { collectGarbage } from "../src/engine/gc.ts";
import { listContainers } from "../src/engine/list.ts";
import { requireRoot } from "../src/engine/run.ts";
import { paths as statePaths } from "../src/linux/paths.ts";
import { volumesDirectory } from "../src/volume/paths.ts";
import { down } from "./network.ts";

/**
 * Removes containers that have ended, images, networks, control groups, state directories and, in a checkout, what was
 * installed and built there. Refuses while a container runs. Volumes stay unless they are asked for, as with docker's
 * `system prune`: all else can be had again.
 *
 * @param say told of each thing that goes
 */
export async function clean(
  { volumes }: { volumes: boolean },
  say: (text: string) => void,
): Promise<void> {
  requireRoot(process.getuid!());
  const paths = statePaths();
  await collectGarbage(paths);
  const containers = listContainers(paths, (torn) => {
    throw torn;
  });
  const running = containers.filter(({ status }) => status === "running" || status === "paused");
  if (running.length > 0)
    throw new KontenerError(
      `containers are running: ${running.map(({ record }) => record.name).join(", ")}`,
      { code: "CONFLICT", hint: "end them first: kontener stop --all, or kontener rm -f --all" },
    );
  for (const entry of containers) {
    await exclusively(entry, paths, (now) => deleteContainer(now, paths, false));
    say(`removed container ${entry.record.name}`);
  }
  await down({ paths });
  say("the network is down");
  removeTopGroups();
  removeEntries(paths.run, runtimeEntries, [], say);
  const kept = volumes ? [] : volumesIn(volumesDirectory(paths));
  removeEntries(paths.lib, libraryEntries, kept.length > 0 ? ["volumes"] : [], say);
  if (kept.length > 0)
    say(`kept the volumes ${kept.join(", ")}: kontener clean --volumes removes them too`);
  cleanCheckout(say);
}

/** What is in there beside the lock. */
const volumesIn = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith(".")) : [];

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
const runtimeEntries =
  /^(containers|names|network|id-ranges|stencils|events(\.\w+)?|restored|restore\.lock)$/;
const libraryEntries = /^(containers|images|store|downloads|logs|records|networks|volumes)$/;

function removeEntries(
  directory: string,
  ours: RegExp,
  kept: readonly string[],
  say: (text: string) => void,
): void {
  if (!existsSync(directory)) return;
  const entries = readdirSync(directory).filter((name) => !kept.includes(name));
  for (const name of entries.filter((entry) => ours.test(entry)))
    rmSync(`${directory}/${name}`, { recursive: true, force: true });
  const foreign = entries.filter((entry) => !ours.test(entry));
  if (foreign.length + kept.length === 0) rmdirSync(directory);
  say(
    foreign.length === 0
      ? `${kept.length === 0 ? "removed" : "cleared"} ${directory}`
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
