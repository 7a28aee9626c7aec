import type { HostStep } from "../plan/host-step.ts";

type Advice = { errno: string; when: RegExp; hint: string };

/** What a failed step on a control group means, first match first. */
const advice: readonly Advice[] = [
  {
    errno: "EBUSY",
    when: /subtree_control$/,
    // cgroup-v2.rst, "No Internal Process Constraint": only the real root may have processes beside child groups.
    hint: "cgroup v2 hands controllers down only from a group without processes of its own, and here the top one has some, as is usual inside a container: move them first (cd /sys/fs/cgroup && mkdir -p init && for p in $(cat cgroup.procs); do echo $p > init/cgroup.procs; done)",
  },
  {
    errno: "EBUSY",
    when: /limit_in_bytes$/,
    hint: "the container uses more than that already: give it more, or stop something inside",
  },
  {
    errno: "EROFS",
    when: /./,
    hint: "the cgroup file system is read-only, as is usual inside a container: the outer container needs --privileged, or a writable /sys/fs/cgroup",
  },
  { errno: "EACCES", when: /./, hint: "making control groups needs root: try sudo" },
  {
    errno: "EPERM",
    when: /devices\.allow$/,
    hint: "a group cannot have a device that the group above lacks: the engine itself runs where devices are limited",
  },
  { errno: "EPERM", when: /./, hint: "making control groups needs root: try sudo" },
  {
    errno: "EEXIST",
    when: /./,
    hint: "a container of that id runs, or one has left its group behind: rmdir removes a group without processes",
  },
  {
    errno: "ENOSPC",
    when: /./,
    hint: "the kernel makes no more control groups here: see cgroup.max.descendants of the groups above",
  },
  {
    errno: "EINVAL",
    when: /cpu\.(max|cfs_quota_us)$/,
    hint: "a group above may have less processor time than that",
  },
  {
    errno: "ENOENT",
    when: /cpuset|pids|memory|cpu/,
    hint: "the kernel lacks this limit, or the group above does not hand its controller down (cgroup.subtree_control)",
  },
];

/** Advice for a step of `planCgroup` that failed with this errno; undefined where there is none. */
export function cgroupHint(step: HostStep, errno: string): string | undefined {
  if (!("path" in step)) return undefined;
  return advice.find((a) => a.errno === errno && a.when.test(step.path))?.hint;
}
