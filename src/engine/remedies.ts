/**
 * What mends a host, in words: `kontener doctor` says them before a start, and a start that fails for the same reason
 * says the same (src/engine/advice.ts).
 */
export const remedies = {
  root: "run it as root: sudo kontener …",
  capability: (names: string) =>
    `this root lacks ${names}, as is usual inside a container: start the outer one with --privileged`,
  overlay: "load the overlay file system: modprobe overlay",
  upper: "keep state on a file system other than overlay: KONTENER_LIB=/some/directory",
  idmap:
    "with a user namespace files are shown with the container's owners by an idmapped mount, which this file system does not take (ext4, xfs and btrfs do; tmpfs since Linux 6.3; an overlay, nfs and 9p do not), or the kernel is older than 5.12: --userns host does without",
  mappedLayers:
    "keep state on ext4, xfs or btrfs (KONTENER_LIB=/some/directory), with Linux 5.19 or newer; all but --userns works without",
  appArmorParser: "install what loads profiles: apt-get install apparmor",
  namespaces: (...kinds: string[]) =>
    `allow more namespaces: sysctl -w ${kinds.map((kind) => `user.max_${kind}_namespaces=31390`).join(" ")}`,
  userNamespaces: "let users make user namespaces: sysctl -w kernel.unprivileged_userns_clone=1",
  appArmorUserns:
    "AppArmor keeps user namespaces from users: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  cgroupMount: "mount the control groups: mount -t cgroup2 none /sys/fs/cgroup",
  cgroupWritable:
    "the control groups are read-only, as is usual inside a container: mount -o remount,rw /sys/fs/cgroup, or start the outer one with --privileged",
  memoryController: "boot with cgroup_enable=memory on the kernel's command line",
  controller: (name: string) =>
    `hand the controller down: echo +${name} > /sys/fs/cgroup/cgroup.subtree_control`,
  swap: "boot with swapaccount=1 on the kernel's command line",
  network: (driver: string) =>
    `load the driver: modprobe ${driver}; --network none and --network host work without`,
  firewall: "install nftables: apt-get install nftables, or apk add nftables",
  cableFilter:
    "load the modules: modprobe -a sch_ingress cls_bpf; without them only --network none and host start",
  ahead:
    "take them away, or set kontener's up anew, which puts its own first: kontener network down, then up",
  dropping: (chain: string) =>
    `kontener network up mends docker's and ufw's FORWARD; else: nft insert rule ${chain} iifname BRIDGE accept, and the same with oifname`,
  seccomp:
    "it takes a kernel with CONFIG_SECCOMP_FILTER; without a filter: --security-opt seccomp=unconfined",
  kernel: "boot a newer kernel",
  disk: "make room: kontener clean removes images and what else kontener keeps; df -h shows the disks",
  inodes: "make room: df -i shows where the inodes went",
  descriptors: "raise the number of open files: ulimit -n 65536",
  memory: "the host is short of memory: free -m shows how it stands",
  processes:
    "too many processes for this user or control group: see ulimit -u and pids.max, or raise --pids-limit",
} as const;
