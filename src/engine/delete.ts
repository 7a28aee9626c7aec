import { existsSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { readLayout } from "../cgroup/host.ts";
import { killCgroup } from "../cgroup/kill.ts";
import type { Paths } from "../linux/paths.ts";
import { takeAbandoned } from "./gc.ts";
import type { Entry } from "./list.ts";
import { cgroupPath, removeContainer } from "./remove.ts";
import { notSo } from "./signal.ts";
import { waitForEnd } from "./stop.ts";

/** How long a killed container's monitor, or the engine of one in the foreground, may take to let go. */
const PATIENCE = 10_000;

/** Removes a container for good: `kontener rm`. One that runs is killed first with `force`, refused without. */
export async function deleteContainer(entry: Entry, paths: Paths, force: boolean): Promise<void> {
  const { record, directory, status } = entry;
  if (status === "running" || status === "paused") {
    if (!force)
      throw notSo(entry, "stopped", "stop it first: kontener stop NAME; or kontener rm -f NAME");
    await killCgroup(readLayout(), cgroupPath(record.id));
    await waitForEnd(entry, PATIENCE);
  }
  const deadline = Date.now() + PATIENCE;
  // Of one in the foreground its engine takes everything away, the record last.
  for (let delay = 1; existsSync(`${directory}/record.json`); delay = Math.min(2 * delay, 50)) {
    const held = await takeAbandoned(record.id, paths);
    if (held) return await removeContainer(held, paths);
    if (Date.now() > deadline)
      throw new KontenerError(`container ${record.name} is held by another kontener`, {
        code: "CONFLICT",
        hint: "try again",
        exitCode: 1,
      });
    await Bun.sleep(delay);
  }
}
