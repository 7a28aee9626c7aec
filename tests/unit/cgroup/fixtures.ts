import { parseLayout, type CgroupLayout } from "../../../src/cgroup/layout.ts";
import type { HostStep } from "../../../src/plan/host-step.ts";

/** mountinfo of hosts of each kind, shortened to what matters and one foreign line each. */
export const mountinfo = {
  /** systemd's default today. */
  v2: `24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`,
  /** systemd before 2019: controllers mounted together. */
  v1: `24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 24 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:27 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup rw,xattr,release_agent=/lib/systemd/systemd-cgroups-agent,name=systemd
33 31 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:11 - cgroup cgroup rw,cpu,cpuacct
34 31 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:12 - cgroup cgroup rw,memory
35 31 0:30 / /sys/fs/cgroup/pids rw,nosuid shared:13 - cgroup cgroup rw,pids
36 31 0:31 / /sys/fs/cgroup/freezer rw,nosuid shared:14 - cgroup cgroup rw,freezer
37 31 0:32 / /sys/fs/cgroup/devices rw,nosuid shared:15 - cgroup cgroup rw,devices
`,
  /** v1's trees, and a unified one without controllers. */
  hybrid: `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`,
  /** Inside a container of docker on a v1 host: what is mounted is a group further down. */
  docker: `700 600 0:99 / / rw,relatime - overlay overlay rw,lowerdir=/a:/b
710 700 0:26 /docker/0123abcd /sys/fs/cgroup/memory rw,nosuid master:12 - cgroup cgroup rw,memory
711 700 0:27 /docker/0123abcd /sys/fs/cgroup/cpu,cpuacct rw,nosuid master:11 - cgroup cgroup rw,cpu,cpuacct
`,
} as const;

const controllers = {
  v2: "cpuset cpu io memory hugetlb pids rdma misc\n",
  v1: "",
  hybrid: "hugetlb\n",
  docker: "",
} as const;

export const layoutOf = (host: keyof typeof mountinfo): CgroupLayout =>
  parseLayout(mountinfo[host], () => controllers[host]);

/** Steps as lines. */
export const show = (steps: readonly HostStep[]): string[] =>
  steps.map((step) =>
    step.call === "mkdir"
      ? `mkdir ${step.path}`
      : step.call === "write"
        ? `${step.path} = ${step.text}`
        : step.call,
  );

export const MiB = 1024 * 1024;
