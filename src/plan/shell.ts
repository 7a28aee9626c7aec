import { shellOf as linkCommand } from "../abi/rtnetlink-text.ts";
import type { HostStep, PublishedPort } from "./host-step.ts";
import { isHostStep, majorOf, minorOf } from "./format.ts";
import { mountCommand, mountSetattrCommand } from "./shell-mount.ts";
import { capabilityText, limits, setprivCommand } from "./shell-privilege.ts";
import { shellWords } from "./shell-words.ts";
import type { CallName, Fd } from "./signatures.ts";
import type { Call, Step } from "./step.ts";

/** Steps that opened a descriptor, by the name under which they stored it: a write then knows its file. */
export type Opened = ReadonlyMap<string, Step>;

/**
 * The shell command that does the same as a step, for who knows the shell better than the kernel; undefined where there is
 * none. Programs are those of coreutils, util-linux, iproute2, keyutils and libcap.
 */
export function shellOf(step: Step | HostStep, opened: Opened = new Map()): string | undefined {
  if (isHostStep(step)) return hostCommand(step);
  if (step.call === "meet" || step.call === "reap" || step.call === "hold") return undefined;
  if (step.call === "userns")
    return `unshare --user sleep 9 & ${["uid_map", "gid_map"].map((map) => `echo ${step[map as "uid_map"]} > /proc/$!/${map}`).join("; ")}`;
  const command = commands[step.call] as Command<CallName> | undefined;
  return command?.(step, opened);
}

type Of<C extends CallName> = Extract<Call, { call: C }>;
type Command<C extends CallName> = (step: Of<C> & Step, opened: Opened) => string | undefined;

const commands: { [C in CallName]?: Command<C> } = {
  capset: ({ datap }) => `capsh --caps=${capabilityText(datap)}`,
  chdir: ({ path }) => shellWords("cd", path),
  dup3: ({ oldfd, newfd }, opened) => redirection(newfd, pathOf(oldfd, opened)),
  execve: ({ argv }) => shellWords("exec", ...argv),
  fchownat: ({ owner, group, pathname }) => shellWords("chown", `${owner}:${group}`, pathname),
  ioctl: ({ request }) => (request === "SIOCSIFFLAGS" ? "ip link set lo up" : undefined),
  keyctl: () => "keyctl new_session",
  mkdirat: ({ pathname, mode, ignore }) =>
    shellWords("mkdir", ...(ignore?.includes("EEXIST") ? ["-p"] : []), ...modeFlag(mode), pathname),
  mknodat: ({ pathname, mode, dev }) => mknodCommand(pathname ?? "", mode, dev),
  mount: mountCommand,
  mount_setattr: mountSetattrCommand,
  open_tree: ({ flags, pathname, store = "" }) =>
    // A shell cannot hold a tree that is nowhere: it would have to mount at once, while the path can be seen.
    store.startsWith("/")
      ? shellWords(
          "mount",
          flags.includes("AT_RECURSIVE") ? "--rbind" : "--bind",
          pathname,
          inside(store),
        )
      : undefined,
  openat: ({ flags, pathname }) => {
    if (flags.includes("O_CREAT")) return shellWords("touch", pathname);
    const path = shellWords(pathname);
    return flags.includes("O_NOFOLLOW") ? `[ -d ${path} ] && [ ! -L ${path} ]` : undefined;
  },
  pivot_root: ({ new_root, put_old }) => shellWords("pivot_root", new_root, put_old),
  prctl: ({ option, arg2, arg3 }) => setprivCommand(option, arg2, arg3),
  prlimit64: ({ resource, new_limit }) => {
    const name = resource.slice("RLIMIT_".length).toLowerCase();
    return `prlimit --pid $$ --${name}=${limits(new_limit)}`;
  },
  rt_sigaction: ({ signum }) => `env --default-signal=${signum.slice(3)}`,
  setdomainname: ({ name }) => shellWords("domainname", name),
  setgroups: ({ list }) =>
    list ? `setpriv --groups ${list.text.replace(/[[\] ]/g, "")}` : "setpriv --clear-groups",
  sethostname: ({ name }) => shellWords("hostname", name),
  setns: ({ fd, nstype }, opened) => {
    const target = typeof fd === "object" ? opened.get(fd.stored) : undefined;
    const names = nstype.map((flag) => namespaceOptions[flag] ?? "");
    if (target?.call === "pidfd_open")
      return shellWords("nsenter", "--target", String(target.pid), ...names.map((n) => `--${n}`));
    const path = pathOf(fd, opened);
    return path === undefined ? undefined : shellWords("nsenter", `--${names[0]}=${path}`);
  },
  setresgid: ({ rgid }) => `setpriv --regid ${rgid}`,
  setresuid: ({ ruid }) => `setpriv --reuid ${ruid}`,
  setsid: () => "setsid",
  symlinkat: ({ target, linkpath }) => shellWords("ln", "-s", target, linkpath),
  umask: ({ mask }) => `umask ${mask.toString(8).padStart(3, "0")}`,
  umount2: ({ target, flags }) =>
    shellWords("umount", ...(flags.includes("MNT_DETACH") ? ["-l"] : []), target),
  unlinkat: ({ pathname, flags }) => shellWords(flags === AT_REMOVEDIR ? "rmdir" : "rm", pathname),
  unshare: ({ flags }) => {
    const options = flags.flatMap((flag) => namespaceOptions[flag] ?? []);
    // A new PID namespace is for children only, so unshare(1) has to fork as well.
    const fork = flags.includes("CLONE_NEWPID") ? ["--fork"] : [];
    return shellWords("unshare", ...options.map((option) => `--${option}`), ...fork);
  },
  write: ({ fd, buf }, opened) => echo(buf ?? "", pathOf(fd, opened)),
};

const AT_REMOVEDIR = 0x200;

/** The options of unshare(1) and nsenter(1). */
const namespaceOptions: Record<string, string> = {
  CLONE_NEWUSER: "user",
  CLONE_NEWNS: "mount",
  CLONE_NEWUTS: "uts",
  CLONE_NEWIPC: "ipc",
  CLONE_NEWNET: "net",
  CLONE_NEWPID: "pid",
  CLONE_NEWCGROUP: "cgroup",
  CLONE_NEWTIME: "time",
};

/** The path that was opened for a stored descriptor. */
function pathOf(fd: Fd, opened: Opened): string | undefined {
  const step = typeof fd === "object" ? opened.get(fd.stored) : undefined;
  return step?.call === "openat" ? (step.pathname ?? undefined) : undefined;
}

/** A place named from the root, as seen from a process that stands in the new root before it is the root. */
const inside = (path = ""): string => path.replace(/^\//, "");

const modeFlag = (mode: number): string[] => (mode === 0o755 ? [] : ["-m", mode.toString(8)]);

const redirection = (fd: number, path: string | undefined): string | undefined =>
  path === undefined ? undefined : `exec ${fd}<>${shellWords(path)}`;

const echo = (text: string, path: string | undefined): string | undefined =>
  path === undefined ? undefined : `${sayWords(text)} > ${shellWords(path)}`;

/** More than a line is written in printf(1)'s escapes, so that the command itself stays one. */
function sayWords(text: string): string {
  const line = text.replace(/\n$/, "");
  if (!/[\n\t]/.test(line)) return shellWords("echo", line);
  const escapes: Record<string, string> = { "%": "%%", "\\": "\\\\", "\n": "\\n", "\t": "\\t" };
  return shellWords(
    "printf",
    text.replace(/[%\\\n\t]/g, (character) => escapes[character]!),
  );
}

const nodeTypes: Record<number, string> = { 0o020000: "c", 0o060000: "b", 0o010000: "p" };

function mknodCommand(pathname: string, mode: number, dev: number): string {
  const type = nodeTypes[mode & 0o170000] ?? "c";
  const numbers = type === "p" ? [] : [String(majorOf(dev)), String(minorOf(dev))];
  return shellWords("mknod", "-m", (mode & 0o7777).toString(8), pathname, type, ...numbers);
}

const natCommand = (
  bridge: string,
  { protocol, hostIp, hostPort, address, containerPort }: PublishedPort,
): string =>
  `nft add rule ip ${bridge} ports ${hostIp === "0.0.0.0" ? "" : `ip daddr ${hostIp} `}${protocol} dport ${hostPort} dnat to ${address}:${containerPort}`;

function hostCommand(step: HostStep): string | undefined {
  if (step.call === "netlink") return linkCommand(step.request, step.netns);
  if (step.call === "apparmor_parser") return undefined; // with the profile on its standard input
  if (step.call === "bpf") return undefined; // bpftool(8) attaches what is loaded, but has no assembler
  if (step.call === "announce") return undefined; // several files, of several containers
  if (step.call === "publish")
    return step.ports.map((port) => natCommand(step.bridge, port)).join("; ");
  if (step.call === "chown") return shellWords("chown", `${step.owner}:${step.group}`, step.path);
  const command =
    step.call === "mkdir"
      ? shellWords("mkdir", ...modeFlag(step.mode), step.path)
      : echo(step.text, step.path);
  return command?.replaceAll("'$PID'", "$PID");
}
