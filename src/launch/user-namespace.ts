import { cloneFlags } from "../abi/sched.ts";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { prctlOptions } from "../abi/prctl.ts";
import { signals } from "../abi/signal.ts";
import { syscallNumber, type Arch, type SyscallName } from "../abi/syscall.ts";
import type { UserNamespace } from "../plan/step.ts";
import { ENGINE_FD, SIGCHLD } from "./program.ts";
import { argumentOf, type Place, type RawArgument, type RawStep } from "./table.ts";

/** Shared with the child (the kernel's linux/sched.h), so that what it opens is the parent's too. */
const CLONE_FILES = 0x400;
const WALL = 0x40000000;
const { O_CLOEXEC, O_PATH, O_WRONLY } = openFlags;

/** The lowest numbers that are free while the monitor prepares: an open() gets the first of them. */
const [READ_END, WRITE_END, CHILD] = [ENGINE_FD + 1, ENGINE_FD + 2, ENGINE_FD + 3];

/** The child waits to be killed; where nobody does, as its parent has been killed just before, it ends by itself. */
const PATIENCE = [5, 0];

/**
 * The step "userns" as system calls. The table has no way to write a number into a path, and needs none: the child opens
 * the directory of its own in /proc, in a table of descriptors that both share.
 *
 *   parent                                child, in the new user namespace
 *     │ clone(CLONE_FILES|CLONE_NEWUSER) ──► │ open("/proc/self")
 *     │ ◄── a byte, by a pipe ────────────── │ wait to be killed
 *     │ write <child>/uid_map, gid_map       │
 *     │ open <child>/ns/user                 │
 *     │ kill, wait4 ───────────────────────► │
 *
 * The child's own failures are ignored: the parent then fails at the map, which has the better name. `child` is followed by
 * the label "user namespace" and `parent`. The namespace is left open at `target`, whose number is stored at `result`.
 */
export function userNamespaceSteps(
  { uid_map, gid_map }: UserNamespace,
  { target, result, arch }: { target: number; result?: Place | undefined; arch: Arch },
): { child: RawStep[]; parent: RawStep[] } {
  const raw = (name: SyscallName, args: RawArgument[], more: Partial<RawStep> = {}): RawStep => ({
    nr: syscallNumber(name, arch),
    args,
    ...more,
  });
  const { O_DIRECTORY } = arch === "aarch64" ? openFlagsArm64 : openFlags;
  const anyway = { ignore: "all" } as const;
  const kill = raw("kill", [0, signals.SIGKILL]);
  const map = (name: string, text: string): RawStep[] => [
    raw("openat", [CHILD, name, O_WRONLY + O_CLOEXEC, 0]),
    raw("write", [READ_END, text, text.length]),
    raw("close", [READ_END]),
  ];
  return {
    child: [
      raw("pipe2", [new Uint8Array(8), O_CLOEXEC]),
      raw("clone", [CLONE_FILES + cloneFlags.CLONE_NEWUSER + SIGCHLD, 0, 0, 0, 0], {
        jump: "user namespace",
        store: argumentOf(kill, 0),
      }),
      raw("prctl", [prctlOptions.PR_SET_PDEATHSIG, signals.SIGKILL, 0, 0, 0], anyway),
      raw("openat", [AT_FDCWD, "/proc/self", O_PATH + O_DIRECTORY + O_CLOEXEC, 0], anyway),
      raw("write", [WRITE_END, "", 1], anyway),
      raw("ppoll", [null, 0, PATIENCE, null, 0], anyway),
      raw("exit_group", [0]),
    ],
    parent: [
      raw("read", [READ_END, new Uint8Array(8), 1]),
      raw("close_range", [READ_END, WRITE_END, 0]),
      ...map("uid_map", uid_map),
      ...map("gid_map", gid_map),
      raw("openat", [CHILD, "ns/user", O_CLOEXEC, 0]),
      raw("dup3", [READ_END, target, O_CLOEXEC], result && { store: result }),
      raw("close_range", [READ_END, CHILD, 0]),
      kill,
      raw("wait4", [-1, null, WALL, null]),
    ],
  };
}
