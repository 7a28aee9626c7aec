import type { Capability } from "../abi/capability.ts";
import type { Constant } from "../abi/constants.ts";
import type { IoctlRequest } from "../abi/ioctl.ts";
import type {
  MountAttr,
  MountFlag,
  MoveMountFlag,
  OpenTreeFlag,
  UmountFlag,
} from "../abi/mount.ts";
import type { OpenFlag } from "../abi/open.ts";
import type { AmbientOperation, PrctlOption, Securebit } from "../abi/prctl.ts";
import type { Rlimit } from "../abi/resource.ts";
import type { CloneFlag } from "../abi/sched.ts";
import type { Signal } from "../abi/signal.ts";

/**
 * The system calls that a container's birth consists of, each with its parameters as the man page names them, in order.
 * This one table gives the type of a step, the way it is printed, and the way its arguments are laid out in memory.
 */
export const signatures = {
  capset: { hdrp: "struct", datap: "struct" },
  chdir: { path: "text" },
  close: { fd: "fd" },
  close_range: { first: "int", last: "int", flags: "const" },
  dup3: { oldfd: "fd", newfd: "int", flags: "O" },
  execve: { pathname: "text", argv: "strings", envp: "strings" },
  fchdir: { fd: "fd" },
  fchownat: { dirfd: "fd", pathname: "text", owner: "int", group: "int", flags: "int" },
  ioctl: { fd: "fd", request: "ioctl", argp: "argp" },
  keyctl: { operation: "const", name: "text" },
  mkdirat: { dirfd: "fd", pathname: "text", mode: "mode" },
  mknodat: { dirfd: "fd", pathname: "text", mode: "mode", dev: "dev" },
  mount: { source: "text", target: "text", filesystemtype: "text", mountflags: "MS", data: "text" },
  mount_setattr: { dirfd: "fd", pathname: "text", flags: "tree", attr: "attr", size: "int" },
  move_mount: {
    from_dirfd: "fd",
    from_pathname: "text",
    to_dirfd: "fd",
    to_pathname: "text",
    flags: "move",
  },
  open_tree: { dirfd: "fd", pathname: "text", flags: "tree" },
  openat: { dirfd: "fd", pathname: "text", flags: "O", mode: "mode" },
  pidfd_open: { pid: "int", flags: "int" },
  pivot_root: { new_root: "text", put_old: "text" },
  prctl: { option: "PR", arg2: "prctl", arg3: "prctl", arg4: "int", arg5: "int" },
  prlimit64: { pid: "int", resource: "RLIMIT", new_limit: "struct", old_limit: "struct" },
  rt_sigaction: { signum: "SIG", act: "struct", oldact: "struct", sigsetsize: "int" },
  rt_sigprocmask: { how: "const", set: "struct", oldset: "struct", sigsetsize: "int" },
  seccomp: { operation: "const", flags: "int", args: "filter" },
  setfsgid: { fsgid: "int" },
  setfsuid: { fsuid: "int" },
  setgroups: { size: "int", list: "struct" },
  sethostname: { name: "text", len: "int" },
  setdomainname: { name: "text", len: "int" },
  setns: { fd: "fd", nstype: "CLONE" },
  setresgid: { rgid: "int", egid: "int", sgid: "int" },
  setresuid: { ruid: "int", euid: "int", suid: "int" },
  setsid: {},
  socket: { domain: "const", type: "const", protocol: "int" },
  symlinkat: { target: "text", newdirfd: "fd", linkpath: "text" },
  umask: { mask: "mode" },
  umount2: { target: "text", flags: "MNT" },
  unlinkat: { dirfd: "fd", pathname: "text", flags: "int" },
  unshare: { flags: "CLONE" },
  write: { fd: "fd", buf: "text", count: "int" },
} as const satisfies Record<string, Record<string, keyof Values>>;

/** What each kind of parameter holds in a step. */
export type Values = {
  int: number;
  /** Printed in octal. */
  mode: number;
  /** A device's number, as makedev(3) makes it. */
  dev: number;
  /** Numbers by name, of calls that need but a few. */
  const: readonly Constant[];
  text: string | null;
  strings: readonly string[];
  fd: Fd;
  struct: Struct | null;
  /** ioctl's argument: memory, a number, or flags of open(2). */
  argp: Struct | number | readonly OpenFlag[];
  /** A compiled seccomp filter: struct sock_fprog, and the program that it points to. */
  filter: Struct;
  /** struct mount_attr. */
  attr: {
    set: readonly MountAttr[];
    clr: readonly MountAttr[];
    propagation: readonly MountFlag[];
    /** MOUNT_ATTR_IDMAP: the user namespace whose mapping the mount is to have. */
    userns_fd?: Fd;
  };
  /** An argument of prctl(2): a number, a name whose number depends on the option, or text. */
  prctl: number | Capability | Signal | AmbientOperation | Securebit | string;
  CLONE: readonly CloneFlag[];
  MS: readonly MountFlag[];
  MNT: readonly UmountFlag[];
  O: readonly OpenFlag[];
  tree: readonly OpenTreeFlag[];
  move: readonly MoveMountFlag[];
  PR: PrctlOption;
  SIG: Signal;
  RLIMIT: Rlimit;
  ioctl: IoctlRequest;
};

/** A descriptor: a number (0, 1, 2), "AT_FDCWD", or the name under which an earlier step stored its result. */
export type Fd = number | "AT_FDCWD" | { stored: string };

/** Memory that an argument points to, with the text that a reader sees instead of the bytes. */
export type Struct = { text: string; bytes: Uint8Array };

export type Kind = keyof Values;
export type Signatures = typeof signatures;
export type CallName = keyof Signatures;

const parameters = new Map<CallName, readonly (readonly [name: string, kind: Kind])[]>();

/** A call's parameters in order. Kept: a plan has the same few calls a hundred times. */
export function parametersOf(call: CallName): readonly (readonly [name: string, kind: Kind])[] {
  let known = parameters.get(call);
  if (!known) parameters.set(call, (known = Object.entries(signatures[call]) as [string, Kind][]));
  return known;
}
