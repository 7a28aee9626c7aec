import type { Ended } from "../abi/wait.ts";
import { readLayout } from "../cgroup/host.ts";
import { killCgroup } from "../cgroup/kill.ts";
import { readUsage } from "../cgroup/stats.ts";
import type { Stdio } from "../launch/launch.ts";
import type { Paths } from "../linux/paths.ts";
import type { Observer } from "./birth.ts";
import type { Container } from "./container.ts";
import { execDetached, execIn, type ExecOptions } from "./exec.ts";
import { readHost } from "./host.ts";
import type { Entry } from "./list.ts";
import { cgroupPath } from "./remove.ts";
import { notSo, requireRunning } from "./signal.ts";
import { SignalForwarder } from "./signals.ts";
import { readSpec } from "./state.ts";

export type AttachedExec = ExecOptions & { interactive: boolean; detach: boolean };

/**
 * `kontener exec`: a command in a running container, on this process's standard descriptors or terminal, with its signals
 * passed on; detached, it is left to itself once it runs.
 */
export async function execAttached(
  entry: Entry,
  exec: AttachedExec,
  paths: Paths,
  observer: Observer,
): Promise<Ended> {
  const container = await runningContainer(entry, paths);
  if (exec.detach) {
    await execDetached({ container, exec, stdio: ["ignore", "ignore", "ignore"], observer });
    return { code: 0, signal: null };
  }
  using signals = new SignalForwarder();
  const stdio: Stdio = exec.tty
    ? ["ignore", "ignore", "ignore"]
    : [exec.interactive ? "inherit" : "ignore", "inherit", "inherit"];
  const Bridge = exec.tty ? (await import("./terminal.ts")).TerminalBridge : undefined;
  let terminal: AsyncDisposable | undefined;
  try {
    return await execIn({
      container,
      exec,
      stdio,
      observer,
      signalsTo: (pid) => signals.start(pid),
      terminal(pid, fd) {
        if (Bridge) terminal = new Bridge(pid, fd, exec.interactive);
      },
    });
  } finally {
    await terminal?.[Symbol.asyncDispose]();
  }
}

/** A container that another process has started, as this one can work with it. */
async function runningContainer(entry: Entry, paths: Paths): Promise<Container> {
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
    ended: Promise.withResolvers<Ended>().promise, // another process waits for it
    usage: () => readUsage(layout, cgroup),
    kill: () => killCgroup(layout, cgroup),
    remove: () => Promise.resolve(),
  };
}
