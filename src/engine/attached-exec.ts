import type { Ended } from "../abi/wait.ts";
import type { Stdio } from "../launch/launch.ts";
import type { Paths } from "../linux/paths.ts";
import type { Observer } from "./birth.ts";
import { execDetached, execIn, type ExecOptions } from "./exec.ts";
import { note } from "./journal.ts";
import type { Entry } from "./list.ts";
import { runningContainer } from "./running.ts";
import { SignalForwarder } from "./signals.ts";

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
  const execCommand = exec.command.join(" ");
  note(entry.directory, entry.record, "exec_start", { execCommand });
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
    const ended = await execIn({
      container,
      exec,
      stdio,
      observer,
      signalsTo: (pid) => signals.start(pid),
      terminal(pid, fd) {
        if (Bridge) terminal = new Bridge(pid, fd, exec.interactive);
      },
    });
    const exitCode = String(ended.code);
    note(entry.directory, entry.record, "exec_die", { execCommand, exitCode });
    return ended;
  } finally {
    await terminal?.[Symbol.asyncDispose]();
  }
}
