import { expect, test } from "bun:test";
import type { HostStep } from "../../../src/plan/host-step.ts";
import { formatPlan } from "../../../src/plan/format.ts";
import { planFor } from "./fixtures.ts";

test("the plain container, whole and in order", () => {
  expect(formatPlan(planFor())).toBe(plain);
});

test("what the engine does stands before the monitor's steps, and between them and PID 1's", () => {
  const limit: HostStep = {
    call: "write",
    path: "/cg/memory.max",
    text: "104857600",
    why: "limit",
  };
  const join: HostStep = { call: "write", path: "/cg/cgroup.procs", text: "$PID", why: "join" };
  const headings = [
    "the engine, on the host:",
    "the monitor:",
    "the engine, while PID 1 waits:",
    "PID 1:",
  ];
  const lines = formatPlan(planFor({}, { before: [limit], birth: [join] })).split("\n");
  expect(lines.filter((line) => !line.startsWith(" "))).toEqual(headings);
  expect(lines[1]).toBe('  write("/cg/memory.max", "104857600")');
  expect(lines[lines.indexOf(headings[2]!) + 1]).toBe('  write("/cg/cgroup.procs", "$PID")');
});

const plain = String.raw`the engine, on the host:
  mkdir("/lib/c1", 0755)
  mkdir("/lib/c1/upper", 0755)
  mkdir("/lib/c1/work", 0755)
  mkdir("/lib/c1/merged", 0755)
the monitor:
  prctl(PR_SET_PDEATHSIG, SIGKILL)
  unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWPID|CLONE_NEWNET)
PID 1:
  meet(go)
  unshare(CLONE_NEWCGROUP)
  sethostname("box", 3)
  socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0) = <loopback socket>
  ioctl(<loopback socket>, SIOCSIFFLAGS, {ifr_name="lo", ifr_flags=IFF_UP|IFF_RUNNING})
  close(<loopback socket>)
  mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)
  mount("overlay", "/lib/c1/merged", "overlay", 0, "lowerdir=/images/small,upperdir=/lib/c1/upper,workdir=/lib/c1/work")
  chdir("/lib/c1/merged")
  open_tree(AT_FDCWD, "/run/c1/hosts", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE) = </etc/hosts>
  mount_setattr(</etc/hosts>, "", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=0, propagation=MS_PRIVATE}, 32)
  open_tree(AT_FDCWD, "/run/c1/hostname", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE) = </etc/hostname>
  mount_setattr(</etc/hostname>, "", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=0, propagation=MS_PRIVATE}, 32)
  open_tree(AT_FDCWD, "/run/c1/resolv.conf", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE) = </etc/resolv.conf>
  mount_setattr(</etc/resolv.conf>, "", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=0, propagation=MS_PRIVATE}, 32)
  mkdirat(AT_FDCWD, "proc", 0755) (goes on after EEXIST)
  openat(AT_FDCWD, "proc", O_PATH|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC)
  mount("proc", "proc", "proc", MS_NOSUID|MS_NOEXEC|MS_NODEV, NULL)
  mkdirat(AT_FDCWD, "dev", 0755) (goes on after EEXIST)
  openat(AT_FDCWD, "dev", O_PATH|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC)
  mount("tmpfs", "dev", "tmpfs", MS_NOSUID|MS_STRICTATIME, "mode=755,size=65536k")
  umask(0)
  mknodat(AT_FDCWD, "dev/null", S_IFCHR|0666, makedev(1, 3))
  mknodat(AT_FDCWD, "dev/zero", S_IFCHR|0666, makedev(1, 5))
  mknodat(AT_FDCWD, "dev/full", S_IFCHR|0666, makedev(1, 7))
  mknodat(AT_FDCWD, "dev/random", S_IFCHR|0666, makedev(1, 8))
  mknodat(AT_FDCWD, "dev/urandom", S_IFCHR|0666, makedev(1, 9))
  mknodat(AT_FDCWD, "dev/tty", S_IFCHR|0666, makedev(5, 0))
  symlinkat("/proc/self/fd", AT_FDCWD, "dev/fd")
  symlinkat("/proc/self/fd/0", AT_FDCWD, "dev/stdin")
  symlinkat("/proc/self/fd/1", AT_FDCWD, "dev/stdout")
  symlinkat("/proc/self/fd/2", AT_FDCWD, "dev/stderr")
  symlinkat("pts/ptmx", AT_FDCWD, "dev/ptmx")
  umask(022)
  mkdirat(AT_FDCWD, "dev/pts", 0755) (goes on after EEXIST)
  mount("devpts", "dev/pts", "devpts", MS_NOSUID|MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
  mkdirat(AT_FDCWD, "dev/shm", 0755) (goes on after EEXIST)
  mount("shm", "dev/shm", "tmpfs", MS_NOSUID|MS_NOEXEC|MS_NODEV, "mode=1777,size=65536k")
  mkdirat(AT_FDCWD, "dev/mqueue", 0755) (goes on after EEXIST)
  mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID|MS_NOEXEC|MS_NODEV, NULL)
  mkdirat(AT_FDCWD, "sys", 0755) (goes on after EEXIST)
  openat(AT_FDCWD, "sys", O_PATH|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC)
  mount("sysfs", "sys", "sysfs", MS_NOSUID|MS_NOEXEC|MS_NODEV|MS_RDONLY, NULL)
  pivot_root(".", ".")
  umount2(".", MNT_DETACH)
  chdir("/")
  chdir("/dev")
  mkdirat(AT_FDCWD, "/etc", 0755) (goes on after EEXIST, EROFS)
  openat(AT_FDCWD, "/etc/hosts", O_CREAT|O_CLOEXEC|O_NONBLOCK|O_NOCTTY, 0644) (goes on after ENOENT, EROFS)
  move_mount(</etc/hosts>, "", AT_FDCWD, "/etc/hosts", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_SYMLINKS) (goes on after ENOENT)
  mkdirat(AT_FDCWD, "/etc", 0755) (goes on after EEXIST, EROFS)
  openat(AT_FDCWD, "/etc/hostname", O_CREAT|O_CLOEXEC|O_NONBLOCK|O_NOCTTY, 0644) (goes on after ENOENT, EROFS)
  move_mount(</etc/hostname>, "", AT_FDCWD, "/etc/hostname", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_SYMLINKS) (goes on after ENOENT)
  mkdirat(AT_FDCWD, "/etc", 0755) (goes on after EEXIST, EROFS)
  openat(AT_FDCWD, "/etc/resolv.conf", O_CREAT|O_CLOEXEC|O_NONBLOCK|O_NOCTTY, 0644) (goes on after ENOENT, EROFS)
  move_mount(</etc/resolv.conf>, "", AT_FDCWD, "/etc/resolv.conf", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_SYMLINKS) (goes on after ENOENT)
  mount("null", "/proc/kcore", NULL, MS_BIND, NULL) (goes on after ENOENT, ENOTDIR)
  mount("tmpfs", "/proc/kcore", "tmpfs", MS_RDONLY, NULL) (goes on after ENOENT, ENOTDIR)
  mount("/proc/sys", "/proc/sys", NULL, MS_BIND|MS_REC, NULL) (goes on after ENOENT)
  mount(NULL, "/proc/sys", NULL, MS_REMOUNT|MS_BIND|MS_RDONLY|MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL) (goes on after ENOENT)
  setsid()
  keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL) (goes on after ENOSYS, EPERM, EDQUOT)
  close_range(10, ~0U, 0)
  chdir("/")
  prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN) (goes on after EINVAL)
  setgroups(0, NULL)
  setresgid(0, 0, 0)
  setresuid(0, 0, 0)
  umask(022)
  capset({_LINUX_CAPABILITY_VERSION_3, 0}, {effective=40 of 41, permitted=40 of 41, inheritable=0 of 41})
  prctl(PR_SET_PDEATHSIG, SIGKILL)
  prctl(PR_SET_NO_NEW_PRIVS, 1)
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)
  rt_sigaction(SIGHUP, {sa_handler=SIG_DFL}, NULL, 8)
  rt_sigaction(SIGINT, {sa_handler=SIG_DFL}, NULL, 8)
  rt_sigaction(SIGQUIT, {sa_handler=SIG_DFL}, NULL, 8)
  rt_sigaction(SIGTERM, {sa_handler=SIG_DFL}, NULL, 8)
  rt_sigaction(SIGPIPE, {sa_handler=SIG_DFL}, NULL, 8)
  rt_sigaction(SIGXFSZ, {sa_handler=SIG_DFL}, NULL, 8)
  rt_sigprocmask(SIG_SETMASK, [], NULL, 8)
  execve("/bin/sh", ["/bin/sh"], [/* 3 vars */])`;
