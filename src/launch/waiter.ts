import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { archOf, syscallNumber, type Arch, type SyscallName } from "../abi/syscall.ts";
import { close } from "../linux/files.ts";
import type { Successor } from "./encode.ts";
import { launcherPath } from "./launcher.ts";
import { bootSteps, ENGINE_FD } from "./program.ts";
import { kinds } from "./protocol.ts";
import { send } from "./send.ts";
import { spawning } from "./spawn.ts";
import { Table, type RawArgument, type RawStep } from "./table.ts";

const SIG_SETMASK = 2;
const POLLIN = 1;
const PIDFD = 1;

/**
 * What a waiter does: it sleeps for so long, and becomes another program; or ends at once where the process ends that its
 * descriptor 1 holds (pidfd_open(2): readable then).
 */
export function waiterTable(
  milliseconds: number,
  { argv, env }: Successor,
  arch: Arch = archOf(process.arch),
): Uint8Array {
  const table = new Table();
  const add = (name: SyscallName, args: readonly RawArgument[], more: Partial<RawStep> = {}) =>
    table.add({ ...more, nr: syscallNumber(name, arch), args });
  const nanoseconds = Math.floor((milliseconds % 1000) * 1e6);
  const time = [Math.floor(milliseconds / 1000), nanoseconds]; // struct timespec
  const poll = new Uint8Array(8); // struct pollfd: int fd, short events, short revents
  poll.set([PIDFD, 0, 0, 0, POLLIN]);
  for (const step of bootSteps(arch)) table.add(step);
  add("close_range", [ENGINE_FD, 0xffffffff, 0]);
  add("ppoll", [poll, 1, time, null, 8], { jump: "failed" });
  add("close_range", [0, 0xffffffff, 0]);
  for (let fd = 0; fd < ENGINE_FD; fd++)
    add("openat", [AT_FDCWD, "/dev/null", openFlags.O_RDWR, 0]);
  add("rt_sigprocmask", [SIG_SETMASK, new Uint8Array(8), null, 8]);
  add("execve", [argv[0]!, [...argv, null], [...env, null]]);
  table.label("failed");
  add("exit_group", [0]);
  return table.layout(kinds.failed);
}

/**
 * Starts a waiter: 28 KB that outlive this process. It keeps `lock` until it becomes its successor, and `pidfd`; the caller
 * may close both once this is fulfilled.
 */
export async function startWaiter(
  { lock, pidfd }: { lock: number; pidfd: number },
  milliseconds: number,
  successor: Successor,
): Promise<void> {
  const waiter = spawning("start a waiter", () =>
    Bun.spawn([launcherPath()], {
      argv0: "kontener-waiter",
      env: {},
      cwd: "/",
      stdio: [lock, pidfd, "ignore", "pipe"],
      detached: true, // ^C in this terminal is not meant for it
    }),
  );
  waiter.unref();
  const fd = waiter.stdio[3] as unknown as number;
  try {
    await send(fd, waiterTable(milliseconds, successor));
  } finally {
    close(fd);
  }
}
