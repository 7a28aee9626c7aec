import { describe, expect, test } from "bun:test";
import { changes, type Wish } from "./fixtures.ts";

const filter = new Uint8Array(16);

/** What each wish changes in the plan of the plain container (plain.test.ts). */
const features: Record<string, { wish: Wish; lines: string[] }> = {
  "--network none changes nothing here: the cable is the engine's business": {
    wish: { network: "none" },
    lines: [],
  },
  "--network host: no interface to switch on, and /sys is the host's, held and placed": {
    wish: { network: "host" },
    lines: [
      "- unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWPID|CLONE_NEWNET)",
      "- socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0) = <loopback socket>",
      '- ioctl(<loopback socket>, SIOCSIFFLAGS, {ifr_name="lo", ifr_flags=IFF_UP|IFF_RUNNING})',
      "- close(<loopback socket>)",
      '- mkdirat(AT_FDCWD, "sys", 0755) (goes on after EEXIST)',
      '- openat(AT_FDCWD, "sys", O_PATH|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC)',
      '- mount("sysfs", "sys", "sysfs", MS_NOSUID|MS_NOEXEC|MS_NODEV|MS_RDONLY, NULL)',
      "+ unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWPID)",
      '+ open_tree(AT_FDCWD, "/sys", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE) = </sys>',
      '+ mount_setattr(</sys>, "", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=MOUNT_ATTR_NOSUID|MOUNT_ATTR_NOEXEC|MOUNT_ATTR_NODEV|MOUNT_ATTR_RDONLY, propagation=MS_PRIVATE}, 32)',
      '+ mkdirat(AT_FDCWD, "/sys", 0755) (goes on after EEXIST, EROFS)',
      '+ move_mount(</sys>, "", AT_FDCWD, "/sys", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_SYMLINKS)',
    ],
  },
  "--pid host": {
    wish: { pid: "host" },
    lines: [
      "- unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWPID|CLONE_NEWNET)",
      "+ unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWNET)",
    ],
  },
  "--uts host --ipc host --cgroupns host: the host's name stays as it is": {
    wish: { uts: "host", ipc: "host", cgroupns: "host" },
    lines: [
      "- unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWPID|CLONE_NEWNET)",
      "- unshare(CLONE_NEWCGROUP)",
      '- sethostname("box", 3)',
      "+ unshare(CLONE_NEWNS|CLONE_NEWPID|CLONE_NEWNET)",
    ],
  },
  "a namespace with a path is joined": {
    wish: {
      change(spec) {
        spec.linux.namespaces = [{ type: "mount" }, { type: "ipc", path: "/proc/9/ns/ipc" }];
      },
    },
    lines: [
      "- unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWPID|CLONE_NEWNET)",
      "- unshare(CLONE_NEWCGROUP)",
      '- sethostname("box", 3)',
      "- socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0) = <loopback socket>",
      '- ioctl(<loopback socket>, SIOCSIFFLAGS, {ifr_name="lo", ifr_flags=IFF_UP|IFF_RUNNING})',
      "- close(<loopback socket>)",
      '+ openat(AT_FDCWD, "/proc/9/ns/ipc", O_CLOEXEC) = <ipc namespace>',
      "+ setns(<ipc namespace>, CLONE_NEWIPC)",
      "+ unshare(CLONE_NEWNS)",
    ],
  },
  "--volume: held before pivot_root, read-only while nobody can see it, placed after": {
    wish: {
      mounts: [
        { type: "bind", source: "/home/me", target: "/data", readOnly: true, recursive: true },
        { type: "bind", source: "/srv", target: "/a/b", readOnly: false, recursive: false },
      ],
    },
    lines: [
      '+ open_tree(AT_FDCWD, "/home/me", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE) = </data>',
      '+ mount_setattr(</data>, "", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=MOUNT_ATTR_RDONLY, propagation=MS_PRIVATE}, 32)',
      '+ open_tree(AT_FDCWD, "/srv", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC) = </a/b>',
      '+ mount_setattr(</a/b>, "", AT_EMPTY_PATH, {attr_set=0, propagation=MS_PRIVATE}, 32)',
      '+ mkdirat(AT_FDCWD, "/data", 0755) (goes on after EEXIST, EROFS)',
      '+ move_mount(</data>, "", AT_FDCWD, "/data", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_SYMLINKS)',
      '+ mkdirat(AT_FDCWD, "/a", 0755) (goes on after EEXIST, EROFS)',
      '+ mkdirat(AT_FDCWD, "/a/b", 0755) (goes on after EEXIST, EROFS)',
      '+ move_mount(</a/b>, "", AT_FDCWD, "/a/b", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_SYMLINKS)',
    ],
  },
  "--tmpfs": {
    wish: { mounts: [{ type: "tmpfs", target: "/run", options: ["size=1m"] }] },
    lines: [
      '+ mkdirat(AT_FDCWD, "/run", 0755) (goes on after EEXIST, EROFS)',
      '+ mount("tmpfs", "/run", "tmpfs", MS_NOSUID|MS_NODEV, "size=1m")',
    ],
  },
  "--read-only": {
    wish: { readOnly: true },
    lines: ['+ mount(NULL, "/", NULL, MS_REMOUNT|MS_BIND|MS_RDONLY, NULL)'],
  },
  "--rootfs: a directory mounted onto itself instead of an overlay": {
    wish: { rootfs: "/srv/tree" },
    lines: [
      "- the engine, on the host:",
      '- mkdir("/lib/c1", 0755)',
      '- mkdir("/lib/c1/upper", 0755)',
      '- mkdir("/lib/c1/work", 0755)',
      '- mkdir("/lib/c1/merged", 0755)',
      '- mount("overlay", "/lib/c1/merged", "overlay", 0, "lowerdir=/images/small,upperdir=/lib/c1/upper,workdir=/lib/c1/work")',
      '- chdir("/lib/c1/merged")',
      '+ mount("/srv/tree", "/srv/tree", NULL, MS_BIND|MS_REC, NULL)',
      '+ chdir("/srv/tree")',
    ],
  },
  "an overlay in memory: its directories are made on a tmpfs that only the container sees": {
    wish: { inMemory: true },
    lines: [
      '- mkdir("/lib/c1/upper", 0755)',
      '- mkdir("/lib/c1/work", 0755)',
      '- mkdir("/lib/c1/merged", 0755)',
      '+ mount("tmpfs", "/lib/c1", "tmpfs", 0, "mode=755")',
      '+ mkdirat(AT_FDCWD, "/lib/c1/upper", 0755)',
      '+ mkdirat(AT_FDCWD, "/lib/c1/work", 0755)',
      '+ mkdirat(AT_FDCWD, "/lib/c1/merged", 0755)',
    ],
  },
  "--user 1000, who is in group 27 as well and has no capabilities": {
    wish: { uid: 1000 },
    lines: [
      "- setgroups(0, NULL)",
      "- setresgid(0, 0, 0)",
      "- setresuid(0, 0, 0)",
      "- capset({_LINUX_CAPABILITY_VERSION_3, 0}, {effective=40 of 41, permitted=40 of 41, inheritable=0 of 41})",
      "+ setgroups(1, [27])",
      "+ setresgid(1000, 1000, 1000)",
      "+ setresuid(1000, 1000, 1000)",
      "+ capset({_LINUX_CAPABILITY_VERSION_3, 0}, {effective=0 of 41, permitted=0 of 41, inheritable=0 of 41})",
    ],
  },
  "--workdir: made where it is missing": {
    wish: { workdir: "/w" },
    lines: [
      '- chdir("/")',
      '+ mkdirat(AT_FDCWD, "/w", 0755) (goes on after EEXIST, EROFS)',
      '+ chdir("/w")',
    ],
  },
  "--tty: the container's own terminal, whose master the engine takes before it is opened": {
    wish: { tty: true },
    lines: [
      '- execve("/bin/sh", ["/bin/sh"], [/* 3 vars */])',
      '+ openat(AT_FDCWD, "/dev/ptmx", O_RDWR|O_NOCTTY|O_CLOEXEC) = <terminal>',
      "+ ioctl(<terminal>, TIOCSPTLCK, [0])",
      "+ meet(terminal)",
      "+ ioctl(<terminal>, TIOCGPTPEER, O_RDWR|O_NOCTTY) = <terminal's other end>",
      "+ ioctl(<terminal's other end>, TIOCSCTTY, 0)",
      "+ dup3(<terminal's other end>, 0, 0)",
      "+ dup3(<terminal's other end>, 1, 0)",
      "+ dup3(<terminal's other end>, 2, 0)",
      "+ close(<terminal>)",
      "+ close(<terminal's other end>)",
      '+ execve("/bin/sh", ["/bin/sh"], [/* 4 vars */])',
    ],
  },
  "--init": { wish: { init: true }, lines: ["+ reap()"] },
  "--ulimit": {
    wish: { ulimits: [{ name: "nofile", soft: 10, hard: 20 }] },
    lines: ["+ prlimit64(0, RLIMIT_NOFILE, {rlim_cur=10, rlim_max=20}, NULL)"],
  },
  "--sysctl": {
    wish: { sysctls: { "net.core.somaxconn": "9" } },
    lines: [
      '+ openat(AT_FDCWD, "/proc/sys/net/core/somaxconn", O_WRONLY|O_CLOEXEC) = <sysctl net.core.somaxconn>',
      '+ write(<sysctl net.core.somaxconn>, "9", 1)',
    ],
  },
  "a block device of somebody's": {
    wish: {
      change(spec) {
        spec.linux.devices = [
          { type: "b", path: "/dev/sdz", major: 8, minor: 400, fileMode: 0o600, uid: 0, gid: 6 },
        ];
      },
    },
    lines: [
      '+ mknodat(AT_FDCWD, "dev/sdz", S_IFBLK|0600, makedev(8, 400))',
      '+ fchownat(AT_FDCWD, "dev/sdz", 0, 6, 0)',
    ],
  },
  "a seccomp filter, with no_new_privs": {
    wish: { filter },
    lines: ["+ seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=2, …})"],
  },
  "a seccomp filter without no_new_privs": {
    wish: { filter, noNewPrivileges: false },
    lines: ["- prctl(PR_SET_NO_NEW_PRIVS, 1)", "+ seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=2, …})"],
  },
  "a command without a slash: a try for each directory of PATH, and a second round for the errno": {
    wish: { command: ["ls"], env: { PATH: "/a:/b" } },
    lines: [
      '- execve("/bin/sh", ["/bin/sh"], [/* 3 vars */])',
      '+ execve("/a/ls", ["ls"], [/* 3 vars */]) (goes on after ENOENT, ENOTDIR, EACCES)',
      '+ execve("/b/ls", ["ls"], [/* 3 vars */]) (goes on after ENOENT, ENOTDIR, EACCES)',
      '+ execve("/a/ls", ["ls"], [/* 3 vars */]) (goes on after ENOENT, ENOTDIR)',
      '+ execve("/b/ls", ["ls"], [/* 3 vars */])',
    ],
  },
};

describe("what a wish changes in the plan", () => {
  for (const [name, { wish, lines }] of Object.entries(features))
    test(name, () => expect(changes(wish)).toEqual(lines));
});
