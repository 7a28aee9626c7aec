import type { HostStep } from "./host-step.ts";
import type { Step } from "./step.ts";

/** Who does a step: the engine, the launcher before its fork, or the process that becomes the command. */
export type Side = "host" | "monitor" | "pid1";

/** A moment of a birth: a step, or the monitor's fork, which is the executor's own and in no plan. */
export type Moment = { side: Side; step: Step | HostStep | { call: "fork"; ownPids: boolean } };

export type Chapter = {
  title: string;
  /** What a reader has to know to understand the steps that follow, in a few sentences. */
  text: string;
  /** Every birth has this one, so nothing that comes after it can begin before. */
  always?: true;
  /** Whether the chapter begins, or goes on, with this moment. */
  covers(moment: Moment): boolean;
};

const by = (side: Side) => (moment: Moment) => moment.side === side && moment.step.call !== "fork";
const calls =
  (...names: string[]) =>
  ({ side, step }: Moment) =>
    side === "pid1" && names.includes(step.call);

/** The path that a step works on, as far as it says where in the birth we are. */
function placeOf({ step }: Moment): string {
  if (step.call === "mount") return step.target ?? "";
  return "pathname" in step ? (step.pathname ?? "") : "";
}

const isKernels = (path: string): boolean => /^\/(proc|sys)\//.test(path);

/** The birth in the order in which it happens. A chapter that has no steps in a plan is not told. */
export const chapters: readonly Chapter[] = [
  {
    title: "Before there is a process",
    text: "To the kernel there is no such thing as a container: there are processes, and some of them see less of the machine than others. Before it starts one, the engine, an ordinary program with the host's powers, lays out what that process is going to need: directories, files, and a cgroup, which limits and counts what a group of processes uses.",
    covers: by("host"),
  },
  {
    title: "Leaving the host's namespaces",
    text: "The engine has started a second process, the monitor. A namespace is one process's view of one kind of thing: mounts, process numbers, network interfaces, names. Every process is in one of each kind, usually the same as everybody else. The monitor now asks for its own.",
    covers: by("monitor"),
  },
  {
    title: "The double fork",
    text: "A process keeps its number for life, so unshare(CLONE_NEWPID) could not move the monitor itself: it only decides where its children are born. That is why the monitor forks once more. The child is process 1 of the new namespace; the monitor stays outside, waits for it, and reports how it ended.",
    covers: ({ step }) => step.call === "fork" && step.ownPids,
  },
  {
    title: "The fork",
    text: "The monitor forks. The child is going to be the command; the monitor stays outside, waits for it, and reports how it ended. Process numbers are shared with the host here, so the child is not number 1 and can see every other process.",
    covers: ({ step }) => step.call === "fork" && !step.ownPids,
  },
  {
    title: "What only the host can do",
    text: "The child does nothing yet: it sits in read(), waiting for one byte. Meanwhile the engine puts it into its cgroup, so that not a single instruction of the command runs unlimited, and, with a network, plugs a virtual cable: one end into the child's network namespace, the other into the host's bridge.",
    covers: by("host"),
  },
  {
    title: "PID 1 wakes up",
    text: "The byte has come. From here on everything is done by the process that is going to be the container, to itself: no call in this list reaches into another process.",
    always: true,
    covers: calls("meet"),
  },
  {
    title: "Another tree to live in",
    text: "The new mount namespace is a copy: at this moment the process still sees every file of the host. So it prepares the tree that is going to be its root file system, and steps into it.",
    always: true,
    covers: (moment) => calls("mount")(moment) && placeOf(moment) === "/",
  },
  {
    title: "Holding what comes from the host",
    text: "Volumes are directories and files of the host, and a few steps on, the host's paths will be gone. So the process takes hold of them now, each as a mount that is attached nowhere, known only by a descriptor; their places come later.",
    covers: calls("open_tree"),
  },
  {
    title: "The kernel's own file systems",
    text: "/proc, /sys and /dev are on no disk: the kernel makes up what is in them, and for whom. Mounted afresh from inside the new namespaces, they show the container instead of the host.",
    covers: (moment) => calls("mkdirat")(moment) && !placeOf(moment).startsWith("/"),
  },
  {
    title: "The point of no return",
    text: "Until now the host's files were one “cd /” away. chroot would not change that for good: it only sets where a path begins, and root can climb out of it. pivot_root swaps the mounts themselves: the new tree becomes / and the host's is left lying on top of it, from where it can be taken off like any mount.",
    always: true,
    covers: calls("pivot_root"),
  },
  {
    title: "Furnishing the new root",
    text: "From here on a path can only lead to what is below the new root, even by way of a symbolic link that somebody has planted in an image. That is why what was held is put in its place only now.",
    covers: (moment) => calls("mkdirat", "move_mount")(moment),
  },
  {
    title: "One kernel for all",
    text: "Namespaces share the kernel itself, and /proc and /sys hold its settings and secrets. The container's own settings are made, then what belongs to the host is covered (a file by /dev/null, a directory by an empty one) or made read-only. A path that does not exist here is no harm.",
    covers: (moment) =>
      moment.side === "pid1" && (isKernels(placeOf(moment)) || moment.step.call === "write"),
  },
  {
    title: "The process itself",
    text: "The stage is set; now the actor. What a process has got from whoever started it, its session, terminal, limits, keys and open files, is replaced or closed, for each of them is a thread that leads out.",
    covers: (moment) =>
      calls("setsid", "mkdirat", "prlimit64", "keyctl")(moment) ||
      (calls("mount")(moment) && placeOf(moment) === "/"),
  },
  {
    title: "Giving up power",
    text: "Root is not one power but some forty, the capabilities, and the namespaces made here take none of them away. The process now gives up what a container does not need, in an order in which each right is still there for the last step that takes it; nothing it ever starts can get them back.",
    covers: calls("seccomp", "prctl", "setgroups"),
  },
  {
    title: "A reaper stays behind",
    text: "PID 1 has duties: it inherits every orphan and has to collect its exit status, and signals that it does not handle do not reach it at all. Most commands know nothing of that, so with --init the process forks: the parent remains as PID 1 and reaps, the child goes on.",
    covers: calls("reap"),
  },
  {
    title: "Becoming the command",
    text: "execve starts no process: it replaces the program in this one. Number, namespaces, root, cgroup, limits and everything given up stay as they are; only the code and the memory are new. So there is no container around the command. The command is the container.",
    always: true,
    // The last of the two: the first lets go of what the plan itself held.
    covers: ({ step }) => step.call === "close_range" && step.flags.includes("CLOSE_RANGE_CLOEXEC"),
  },
];

/** The chapter in which a moment is, when the one before was in chapter `current` (-1 at the start). */
export function chapterAt(current: number, moment: Moment): number {
  if (chapters[current]?.covers(moment)) return current;
  for (let i = current + 1; i < chapters.length; i++) {
    if (chapters[i]!.covers(moment)) return i;
    if (chapters[i]!.always) break;
  }
  return current;
}
