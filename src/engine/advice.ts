import { errnos, type Errno } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import type { Host } from "../plan/host.ts";
import { remedies } from "./remedies.ts";

type Situation = { args: string; host: Pick<Host, "uid" | "bounding"> };
type Row = {
  calls: RegExp;
  errnos: readonly Errno[];
  hint: string | ((situation: Situation) => string | undefined);
};

/** unshare(2)'s flags and the names of their limits in /proc/sys/user (namespaces(7)). */
const namespaceLimits = {
  CLONE_NEWNS: "mnt",
  CLONE_NEWUTS: "uts",
  CLONE_NEWIPC: "ipc",
  CLONE_NEWNET: "net",
  CLONE_NEWPID: "pid",
  CLONE_NEWUSER: "user",
  CLONE_NEWCGROUP: "cgroup",
  CLONE_NEWTIME: "time",
} as const;

/** Which of them is used up the kernel does not say. */
const kindsIn = (args: string): string[] =>
  Object.entries(namespaceLimits).flatMap(([flag, kind]) => (args.includes(flag) ? [kind] : []));

const mounting =
  /^(mount|umount2|move_mount|open_tree|fsopen|fsmount|fsconfig|mount_setattr|pivot_root)$/;

/** What a failed call means, the first row that fits. Errors that only name what the user wrote have no row. */
const rows: readonly Row[] = [
  { calls: /^(unshare|clone3?|setns)$/, errnos: ["EPERM"], hint: refused },
  {
    calls: /^(unshare|clone3?)$/,
    errnos: ["ENOSPC"],
    hint: ({ args }) => remedies.namespaces(...kindsIn(args)),
  },
  {
    calls: /^(unshare|clone3?)$/,
    errnos: ["EINVAL"],
    hint: "the kernel lacks this kind of namespace: kontener doctor shows which it has",
  },
  {
    calls: /^(mount|fsopen)$/,
    errnos: ["ENODEV"],
    hint: ({ args }) =>
      args.includes('"overlay"')
        ? remedies.overlay
        : "the kernel lacks this file system: /proc/filesystems lists those it has",
  },
  {
    calls: /^(mount|fsconfig)$/,
    errnos: ["EINVAL"],
    hint: ({ args }) => (args.includes("overlay") ? remedies.upper : undefined),
  },
  {
    calls: /^mount_setattr$/,
    errnos: ["EINVAL", "EPERM"],
    hint: ({ args }) => (args.includes("MOUNT_ATTR_IDMAP") ? remedies.idmap : undefined),
  },
  { calls: mounting, errnos: ["EPERM", "EACCES"], hint: refused },
  {
    calls: mounting,
    errnos: ["ENOSPC"], // mount(2): the mount namespace's limit, not the disk's
    hint: "too many mounts in one mount namespace: sysctl -w fs.mount-max=200000",
  },
  { calls: /^(fork|vfork|clone3?)$/, errnos: ["EAGAIN"], hint: remedies.processes },
  {
    calls: /^prlimit64$/,
    errnos: ["EPERM"],
    hint: "raising a hard limit takes CAP_SYS_RESOURCE: ask for no more than ulimit -H shows",
  },
  {
    calls: /^execve$/,
    errnos: ["ENOENT"],
    hint: "the command is not there, or what its first line or its loader names is not",
  },
  { calls: /^execve$/, errnos: ["EACCES"], hint: "make it executable: chmod +x" },
  { calls: /^execve$/, errnos: ["ENOEXEC"], hint: "it is not a program for this machine" },
  { calls: /^(seccomp|prctl)$/, errnos: ["EINVAL", "ENOSYS"], hint: remedies.seccomp },
  { calls: /./, errnos: ["ENOSPC", "EDQUOT"], hint: remedies.disk },
  { calls: /./, errnos: ["EMFILE", "ENFILE"], hint: remedies.descriptors },
  { calls: /./, errnos: ["ENOMEM"], hint: remedies.memory },
  { calls: /./, errnos: ["ENOSYS"], hint: remedies.kernel },
  { calls: /./, errnos: ["EPERM"], hint: refused },
];

/** Not root, or a root without the powers of one. */
function refused({ host }: Situation): string | undefined {
  if (host.uid !== 0) return remedies.root;
  return host.bounding.includes("CAP_SYS_ADMIN") ? undefined : remedies.capability("CAP_SYS_ADMIN");
}

/**
 * Turns a known failure into what to do about it; undefined where the call says all there is to say.
 *
 * @param call the call's man-page name
 * @param errno the error's name
 * @param args the arguments as printed
 */
export function hintFor(
  call: string,
  errno: string,
  args: string,
  host: Situation["host"],
): string | undefined {
  const row = rows.find(
    ({ calls, errnos }) => calls.test(call) && (errnos as readonly string[]).includes(errno),
  );
  return typeof row?.hint === "function" ? row.hint({ args, host }) : row?.hint;
}

/** An error of a start, with advice where it has none and there is some; any other as it is. */
export function advise(error: unknown, host: Situation["host"]): unknown {
  if (!(error instanceof SyscallError) || error.hint !== undefined) return error;
  const { call, args, errno, step, exitCode } = error;
  const hint = hintFor(call, errno, args, host);
  if (hint === undefined || !Object.hasOwn(errnos, errno)) return error;
  return new SyscallError({ call, args, errno: errnos[errno as Errno], step, hint, exitCode });
}
