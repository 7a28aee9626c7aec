import type { CallName } from "../../../src/plan/signatures.ts";
import type { Call, Plan, Step } from "../../../src/plan/step.ts";
import { halfWords, ifreq, words } from "../../../src/plan/values.ts";

const at = "AT_FDCWD";

/** One of each call; the type makes sure that a new one gets its sample. */
export const samples: { [C in CallName]: Extract<Call, { call: C }> } = {
  capset: {
    call: "capset",
    hdrp: halfWords("hdr", 0x20080522, 0),
    datap: halfWords("data", 1, 2, 3, 4, 5, 6),
  },
  chdir: { call: "chdir", path: "/wörk" },
  close: { call: "close", fd: 7 },
  close_range: { call: "close_range", first: 10, last: 0xffffffff, flags: ["CLOSE_RANGE_CLOEXEC"] },
  dup3: { call: "dup3", oldfd: 5, newfd: 1, flags: ["O_CLOEXEC"] },
  execve: { call: "execve", pathname: "/bin/sh", argv: ["sh", "-c", ""], envp: ["A=1", "B="] },
  fchdir: { call: "fchdir", fd: 5 },
  fchownat: { call: "fchownat", dirfd: at, pathname: "dev/x", owner: 1, group: 2, flags: 0 },
  ioctl: { call: "ioctl", fd: 5, request: "SIOCSIFFLAGS", argp: ifreq("{lo}", "lo", 0x41) },
  keyctl: { call: "keyctl", operation: ["KEYCTL_JOIN_SESSION_KEYRING"], name: null },
  mkdirat: { call: "mkdirat", dirfd: at, pathname: "proc", mode: 0o755 },
  mknodat: { call: "mknodat", dirfd: at, pathname: "dev/null", mode: 0o20666, dev: 0x103 },
  mount: {
    call: "mount",
    source: "proc",
    target: "proc",
    filesystemtype: "proc",
    mountflags: ["MS_NOSUID", "MS_NODEV"],
    data: null,
  },
  mount_setattr: {
    call: "mount_setattr",
    dirfd: 5,
    pathname: "",
    flags: ["AT_EMPTY_PATH", "AT_RECURSIVE"],
    attr: { set: ["MOUNT_ATTR_RDONLY"], clr: [], propagation: ["MS_PRIVATE"] },
    size: 32,
  },
  move_mount: {
    call: "move_mount",
    from_dirfd: 5,
    from_pathname: "",
    to_dirfd: at,
    to_pathname: "/mnt",
    flags: ["MOVE_MOUNT_F_EMPTY_PATH"],
  },
  open_tree: {
    call: "open_tree",
    dirfd: at,
    pathname: "/srv",
    flags: ["OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC"],
  },
  openat: {
    call: "openat",
    dirfd: at,
    pathname: "proc",
    flags: ["O_PATH", "O_DIRECTORY", "O_NOFOLLOW"],
    mode: 0,
  },
  pidfd_open: { call: "pidfd_open", pid: 1234, flags: 0 },
  pivot_root: { call: "pivot_root", new_root: ".", put_old: "." },
  prctl: {
    call: "prctl",
    option: "PR_CAPBSET_DROP",
    arg2: "CAP_SYS_ADMIN",
    arg3: 0,
    arg4: 0,
    arg5: 0,
  },
  prlimit64: {
    call: "prlimit64",
    pid: 0,
    resource: "RLIMIT_NOFILE",
    new_limit: words("{}", 512, 2 ** 53 - 1),
    old_limit: null,
  },
  rt_sigaction: {
    call: "rt_sigaction",
    signum: "SIGPIPE",
    act: words("{}", 0, 0, 0, 0),
    oldact: null,
    sigsetsize: 8,
  },
  rt_sigprocmask: {
    call: "rt_sigprocmask",
    how: ["SIG_SETMASK"],
    set: halfWords("[]", 0, 0),
    oldset: null,
    sigsetsize: 8,
  },
  seccomp: {
    call: "seccomp",
    operation: ["SECCOMP_SET_MODE_FILTER"],
    flags: 0,
    args: { text: "{len=2}", bytes: words("", 6, 7).bytes },
  },
  setdomainname: { call: "setdomainname", name: "home", len: 4 },
  setfsgid: { call: "setfsgid", fsgid: 100000 },
  setfsuid: { call: "setfsuid", fsuid: 100000 },
  setgroups: { call: "setgroups", size: 2, list: halfWords("[5, 6]", 5, 6) },
  sethostname: { call: "sethostname", name: "box", len: 3 },
  setns: { call: "setns", fd: 5, nstype: ["CLONE_NEWNET"] },
  setresgid: { call: "setresgid", rgid: 1, egid: 1, sgid: 1 },
  setresuid: { call: "setresuid", ruid: 4294967294, euid: 1, suid: 1 },
  setsid: { call: "setsid" },
  socket: {
    call: "socket",
    domain: ["AF_INET"],
    type: ["SOCK_DGRAM", "SOCK_CLOEXEC"],
    protocol: 0,
  },
  symlinkat: { call: "symlinkat", target: "pts/ptmx", newdirfd: at, linkpath: "dev/ptmx" },
  umask: { call: "umask", mask: 0o22 },
  umount2: { call: "umount2", target: ".", flags: ["MNT_DETACH"] },
  unlinkat: { call: "unlinkat", dirfd: at, pathname: "x", flags: 0 },
  unshare: { call: "unshare", flags: ["CLONE_NEWPID", "CLONE_NEWNS"] },
  write: { call: "write", fd: 5, buf: "100", count: 3 },
};

export const step = (call: Call, more: Partial<Step> = {}): Step =>
  ({ ...call, why: "a test", ...more }) as Step;

export const execve = step(samples.execve);

export const planOf = (init: Step[], monitor: Step[] = []): Plan => ({
  before: [],
  monitor,
  birth: [],
  init: [...init, execve],
});
