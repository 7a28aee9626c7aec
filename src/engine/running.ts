import type { Ended } from "../abi/wait.ts";
import { readLayout } from "../cgroup/host.ts";
import { killCgroup } from "../cgroup/kill.ts";
import { readUsage } from "../cgroup/stats.ts";
import type { Paths } from "../linux/paths.ts";
import type { Container } from "./container.ts";
import { readHost } from "./host.ts";
import type { Entry } from "./list.ts";
import { cgroupPath } from "./remove.ts";
import { notSo, requireRunning } from "./signal.ts";
import { lives, readExit, readSpec, type State } from "./state.ts";

/** A container that another process has started, as this one can work with it. */
export async function runningContainer(entry: Entry, paths: Paths): Promise<Container> {
  requireRunning(entry);
  if (entry.status === "paused")
    throw notSo(entry, "running", "kontener unpause NAME lets it go on");
  const { record, directory, state } = entry;
  const spec = await readSpec(directory);
  if (!spec || !state) throw notSo(entry, "running", "kontener start NAME starts it");
  const layout = readLayout();
  const cgroup = cgroupPath(record.id);
  return {
    record,
    options: record.options,
    host: readHost(paths.lib),
    spec,
    pid: state.pid,
    address: state.address ?? undefined,
    ended: whenGone(state, directory),
    usage: () => readUsage(layout, cgroup),
    kill: () => killCgroup(layout, cgroup),
    remove: () => Promise.resolve(),
  };
}

/** Another process waits for it: looks every 50 ms, and does not keep this process going. */
function whenGone(state: State, directory: string): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const look = setInterval(() => {
    if (lives(state)) return;
    clearInterval(look);
    resolve(readExit(directory) ?? { code: 137, signal: 9 });
  }, 50);
  look.unref();
  return promise;
}
