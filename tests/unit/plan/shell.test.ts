import { describe, expect, test } from "bun:test";
import { shellOf } from "../../../src/plan/shell.ts";
import { shellWords } from "../../../src/plan/shell-words.ts";
import type { HostStep } from "../../../src/plan/host-step.ts";
import type { CallName } from "../../../src/plan/signatures.ts";
import type { Call, Step } from "../../../src/plan/step.ts";
import { halfWords, words } from "../../../src/plan/values.ts";
import { planFor } from "./fixtures.ts";

const AT = "AT_FDCWD" as const;
const prctl = (
  option:
    | "PR_CAPBSET_DROP"
    | "PR_CAP_AMBIENT"
    | "PR_SET_NO_NEW_PRIVS"
    | "PR_SET_PDEATHSIG"
    | "PR_SET_KEEPCAPS",
  arg2: string | number,
  arg3: string | number = 0,
): Call => ({ call: "prctl", option, arg2, arg3, arg4: 0, arg5: 0 });
const mount = (fields: Partial<Extract<Call, { call: "mount" }>>): Call => ({
  call: "mount",
  source: null,
  target: "/t",
  filesystemtype: null,
  mountflags: [],
  data: null,
  ...fields,
});
const open = (pathname: string, store: string): Step => ({
  call: "openat",
  dirfd: AT,
  pathname,
  flags: ["O_RDWR"],
  mode: 0,
  store,
  why: "",
});
const opened = new Map([
  ["file", open("/proc/sys/a b", "file")],
  ["network namespace", open("/run/netns/x", "network namespace")],
  ["end", open("/dev/pts/0", "end")],
]);

/** Each call of the signatures with what a shell would say, or undefined where a shell cannot. */
const expected: Record<CallName, [call: Call, shell: string | undefined][]> = {
  capset: [
    [
      { call: "capset", hdrp: null, datap: halfWords("", 3, 3, 0, 1 << 8, 1 << 8, 0) },
      "capsh --caps=cap_chown,cap_dac_override,cap_checkpoint_restore=ep",
    ],
    [
      { call: "capset", hdrp: null, datap: halfWords("", 1, 3, 0, 0, 0, 0) },
      "capsh --caps='cap_chown=ep cap_dac_override=p'",
    ],
    [{ call: "capset", hdrp: null, datap: halfWords("", 0, 0, 0, 0, 0, 0) }, "capsh --caps=="],
  ],
  chdir: [[{ call: "chdir", path: "/my dir" }, "cd '/my dir'"]],
  close: [[{ call: "close", fd: 3 }, undefined]],
  close_range: [[{ call: "close_range", first: 3, last: 9, flags: [] }, undefined]],
  dup3: [[{ call: "dup3", oldfd: { stored: "end" }, newfd: 0, flags: [] }, "exec 0<>/dev/pts/0"]],
  execve: [
    [
      { call: "execve", pathname: "/bin/sh", argv: ["sh", "-c", "echo 'hi'"], envp: [] },
      `exec sh -c 'echo '\\''hi'\\'''`,
    ],
  ],
  fchdir: [[{ call: "fchdir", fd: 5 }, undefined]],
  fchownat: [
    [
      { call: "fchownat", dirfd: AT, pathname: "dev/x", owner: 0, group: 6, flags: 0 },
      "chown 0:6 dev/x",
    ],
  ],
  ioctl: [
    [{ call: "ioctl", fd: 5, request: "SIOCSIFFLAGS", argp: 0 }, "ip link set lo up"],
    [{ call: "ioctl", fd: 5, request: "TIOCSPTLCK", argp: 0 }, undefined],
  ],
  keyctl: [
    [
      { call: "keyctl", operation: ["KEYCTL_JOIN_SESSION_KEYRING"], name: null },
      "keyctl new_session",
    ],
  ],
  mkdirat: [
    [{ call: "mkdirat", dirfd: AT, pathname: "proc", mode: 0o755 }, "mkdir proc"],
    [{ call: "mkdirat", dirfd: AT, pathname: "tmp", mode: 0o1777 }, "mkdir -m 1777 tmp"],
  ],
  mknodat: [
    [
      { call: "mknodat", dirfd: AT, pathname: "dev/null", mode: 0o020666, dev: 0x103 },
      "mknod -m 666 dev/null c 1 3",
    ],
    [
      { call: "mknodat", dirfd: AT, pathname: "dev/sdz", mode: 0o060600, dev: 0x100890 },
      "mknod -m 600 dev/sdz b 8 400",
    ],
    [
      { call: "mknodat", dirfd: AT, pathname: "pipe", mode: 0o010600, dev: 0 },
      "mknod -m 600 pipe p",
    ],
  ],
  mount: [
    [
      mount({ source: "proc", filesystemtype: "proc", mountflags: ["MS_NOSUID", "MS_NODEV"] }),
      "mount -t proc -o nosuid,nodev proc /t",
    ],
    [
      mount({
        source: "tmpfs",
        filesystemtype: "tmpfs",
        mountflags: ["MS_RDONLY"],
        data: "size=1m",
      }),
      "mount -t tmpfs -o ro,size=1m tmpfs /t",
    ],
    [mount({ source: "tmpfs", filesystemtype: "tmpfs" }), "mount -t tmpfs tmpfs /t"],
    [mount({ source: "/dev/null", mountflags: ["MS_BIND"] }), "mount --bind /dev/null /t"],
    [mount({ source: "/s", mountflags: ["MS_BIND", "MS_REC"] }), "mount --rbind /s /t"],
    [mount({ mountflags: ["MS_REMOUNT", "MS_BIND", "MS_RDONLY"] }), "mount -o remount,bind,ro /t"],
    [mount({ mountflags: ["MS_REC", "MS_PRIVATE"] }), "mount --make-rprivate /t"],
    [mount({ mountflags: ["MS_SLAVE"] }), "mount --make-slave /t"],
  ],
  mount_setattr: [
    [
      {
        call: "mount_setattr",
        dirfd: { stored: "/data" },
        pathname: "",
        flags: ["AT_EMPTY_PATH", "AT_RECURSIVE"],
        attr: {
          set: ["MOUNT_ATTR_RDONLY", "MOUNT_ATTR_NOSUID"],
          clr: [],
          propagation: ["MS_PRIVATE"],
        },
        size: 32,
      },
      "mount -o remount,bind,ro=recursive,nosuid=recursive data",
    ],
    [
      {
        call: "mount_setattr",
        dirfd: { stored: "/data" },
        pathname: "",
        flags: ["AT_EMPTY_PATH"],
        attr: { set: [], clr: [], propagation: ["MS_SLAVE"] },
        size: 32,
      },
      "mount --make-slave data",
    ],
  ],
  move_mount: [
    [
      {
        call: "move_mount",
        from_dirfd: 5,
        from_pathname: "",
        to_dirfd: AT,
        to_pathname: "/data",
        flags: [],
      },
      undefined,
    ],
  ],
  open_tree: [
    [
      {
        call: "open_tree",
        dirfd: AT,
        pathname: "/home/me",
        flags: ["OPEN_TREE_CLONE", "AT_RECURSIVE"],
      },
      "mount --rbind /home/me data",
    ],
  ],
  openat: [
    [
      { call: "openat", dirfd: AT, pathname: "/etc/hosts", flags: ["O_CREAT"], mode: 0o644 },
      "touch /etc/hosts",
    ],
    [
      {
        call: "openat",
        dirfd: AT,
        pathname: "proc",
        flags: ["O_PATH", "O_DIRECTORY", "O_NOFOLLOW"],
        mode: 0,
      },
      "[ -d proc ] && [ ! -L proc ]",
    ],
    [{ call: "openat", dirfd: AT, pathname: "/dev/ptmx", flags: ["O_RDWR"], mode: 0 }, undefined],
  ],
  pidfd_open: [[{ call: "pidfd_open", pid: 42, flags: 0 }, undefined]],
  pivot_root: [[{ call: "pivot_root", new_root: ".", put_old: "." }, "pivot_root . ."]],
  prctl: [
    [prctl("PR_CAPBSET_DROP", "CAP_SYS_ADMIN"), "setpriv --bounding-set=-sys_admin"],
    [
      prctl("PR_CAP_AMBIENT", "PR_CAP_AMBIENT_RAISE", "CAP_NET_RAW"),
      "setpriv --ambient-caps=+net_raw",
    ],
    [prctl("PR_SET_NO_NEW_PRIVS", 1), "setpriv --no-new-privs"],
    [prctl("PR_SET_PDEATHSIG", "SIGKILL"), "setpriv --pdeathsig=KILL"],
    [prctl("PR_SET_KEEPCAPS", 1), undefined],
  ],
  prlimit64: [
    [
      {
        call: "prlimit64",
        pid: 0,
        resource: "RLIMIT_NOFILE",
        new_limit: words("", 1024, 4096),
        old_limit: null,
      },
      "prlimit --pid $$ --nofile=1024:4096",
    ],
    [
      {
        call: "prlimit64",
        pid: 0,
        resource: "RLIMIT_CORE",
        new_limit: words("", 0, -1),
        old_limit: null,
      },
      "prlimit --pid $$ --core=0:unlimited",
    ],
  ],
  rt_sigaction: [
    [
      { call: "rt_sigaction", signum: "SIGPIPE", act: null, oldact: null, sigsetsize: 8 },
      "env --default-signal=PIPE",
    ],
  ],
  rt_sigprocmask: [
    [
      { call: "rt_sigprocmask", how: ["SIG_SETMASK"], set: null, oldset: null, sigsetsize: 8 },
      undefined,
    ],
  ],
  seccomp: [
    [
      { call: "seccomp", operation: ["SECCOMP_SET_MODE_FILTER"], flags: 0, args: words("") },
      undefined,
    ],
  ],
  setfsgid: [[{ call: "setfsgid", fsgid: 9 }, undefined]],
  setfsuid: [[{ call: "setfsuid", fsuid: 9 }, undefined]],
  setgroups: [
    [{ call: "setgroups", size: 0, list: null }, "setpriv --clear-groups"],
    [{ call: "setgroups", size: 2, list: halfWords("[5, 27]", 5, 27) }, "setpriv --groups 5,27"],
  ],
  sethostname: [[{ call: "sethostname", name: "box", len: 3 }, "hostname box"]],
  setdomainname: [[{ call: "setdomainname", name: "lab", len: 3 }, "domainname lab"]],
  setns: [
    [
      { call: "setns", fd: { stored: "network namespace" }, nstype: ["CLONE_NEWNET"] },
      "nsenter --net=/run/netns/x",
    ],
    [{ call: "setns", fd: 4, nstype: ["CLONE_NEWNET"] }, undefined],
  ],
  setresgid: [[{ call: "setresgid", rgid: 5, egid: 5, sgid: 5 }, "setpriv --regid 5"]],
  setresuid: [[{ call: "setresuid", ruid: 5, euid: 5, suid: 5 }, "setpriv --reuid 5"]],
  setsid: [[{ call: "setsid" }, "setsid"]],
  socket: [[{ call: "socket", domain: ["AF_INET"], type: ["SOCK_DGRAM"], protocol: 0 }, undefined]],
  symlinkat: [
    [
      { call: "symlinkat", target: "pts/ptmx", newdirfd: AT, linkpath: "dev/ptmx" },
      "ln -s pts/ptmx dev/ptmx",
    ],
  ],
  umask: [[{ call: "umask", mask: 0o22 }, "umask 022"]],
  umount2: [
    [{ call: "umount2", target: ".", flags: ["MNT_DETACH"] }, "umount -l ."],
    [{ call: "umount2", target: "/t", flags: [] }, "umount /t"],
  ],
  unlinkat: [
    [{ call: "unlinkat", dirfd: AT, pathname: "x", flags: 0 }, "rm x"],
    [{ call: "unlinkat", dirfd: AT, pathname: "x", flags: 0x200 }, "rmdir x"],
  ],
  unshare: [
    [
      { call: "unshare", flags: ["CLONE_NEWNS", "CLONE_NEWPID", "CLONE_NEWNET"] },
      "unshare --mount --pid --net --fork",
    ],
    [{ call: "unshare", flags: ["CLONE_NEWCGROUP"] }, "unshare --cgroup"],
  ],
  write: [
    [
      { call: "write", fd: { stored: "file" }, buf: "1 2", count: 3 },
      "echo '1 2' > '/proc/sys/a b'",
    ],
    [{ call: "write", fd: 9, buf: "1", count: 1 }, undefined],
  ],
};

describe("the shell command that does the same", () => {
  for (const [name, cases] of Object.entries(expected))
    for (const [call, shell] of cases)
      test(`as ${name}: ${shell ?? "there is none"}`, () => {
        const step: Step = {
          ...call,
          why: "",
          ...(name === "open_tree" ? { store: "/data" } : {}),
        };
        expect(shellOf(step, opened)).toBe(shell);
      });

  test("a directory that may be there already is made with mkdir -p", () => {
    const step: Step = {
      call: "mkdirat",
      dirfd: AT,
      pathname: "proc",
      mode: 0o755,
      ignore: ["EEXIST"],
      why: "",
    };
    expect(shellOf(step)).toBe("mkdir -p proc");
  });

  const hostSteps: [HostStep, string][] = [
    [{ call: "mkdir", path: "/run/c1", mode: 0o711, why: "" }, "mkdir -m 711 /run/c1"],
    [
      { call: "write", path: "/cg/memory.max", text: "104857600", why: "" },
      "echo 104857600 > /cg/memory.max",
    ],
    [
      { call: "write", path: "/cg/cgroup.procs", text: "$PID", why: "" },
      "echo $PID > /cg/cgroup.procs",
    ],
    [
      { call: "write", path: "/run/c1/hostname", text: "box\n", create: 0o644, why: "" },
      "echo box > /run/c1/hostname",
    ],
    [
      {
        call: "netlink",
        netns: "container",
        request: { type: "RTM_SETLINK", name: "eth0", up: true },
        why: "",
      },
      "nsenter --target $PID --net ip link set dev eth0 up",
    ],
    [
      { call: "write", path: "/etc/hosts", text: "a\tb\n100%\n\\n\n", why: "" },
      "printf 'a\\tb\\n100%%\\n\\\\n\\n' > /etc/hosts",
    ],
  ];
  for (const [step, shell] of hostSteps)
    test(`on the host: ${shell}`, () => expect(shellOf(step)).toBe(shell));

  test("an executor's own meetings have none", () => {
    expect(shellOf({ call: "meet", at: "go", why: "" })).toBeUndefined();
    expect(shellOf({ call: "reap", why: "" })).toBeUndefined();
  });
});

test("a shell reads quoted words as they were", () => {
  const strange = ["", "a b", "it's", "$HOME", "*", "a\nb", "`id`", '"', "\\", "ü", "-n", "a=b"];
  const { stdout } = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${shellWords(...strange)}`]);
  expect(stdout.toString().split("\0").slice(0, -1)).toEqual(strange);
});

test("printf's escapes give the text that was meant", () => {
  const text = "a\tb\n100%\n\\n %s\n";
  const command = shellOf({ call: "write", path: "/f", text, why: "" })!;
  expect(Bun.spawnSync(["sh", "-c", command.replace(" > /f", "")]).stdout.toString()).toBe(text);
});

test("a shell can parse every command of a plan", () => {
  const { before, monitor, init } = planFor({ tty: true, sysctls: { "net.core.somaxconn": "9" } });
  const commands = [...before, ...monitor, ...init].flatMap((step) => shellOf(step) ?? []);
  expect(commands.length).toBeGreaterThan(50);
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-n", "-c", commands.join("\n")]);
  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
});
