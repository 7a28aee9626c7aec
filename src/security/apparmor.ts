/** The profile that containers get where the host has AppArmor; loaded under this name, which says what it is a version of. */
export const DEFAULT_PROFILE = "kontener-default";

/**
 * What docker's default profile holds back, said once more below namespaces and capabilities (apparmor.d(5)): everything is
 * allowed but mounts, writing what is the host kernel's in /proc and /sys, and touching processes of other profiles. It
 * includes no file of the distribution's, so that it is the same everywhere.
 */
export const defaultProfile = `profile ${DEFAULT_PROFILE} flags=(attach_disconnected,mediate_deleted) {
  network,
  capability,
  file,
  umount,
  signal (receive) peer=unconfined,
  signal (send, receive) peer=${DEFAULT_PROFILE},
  ptrace (trace, read, tracedby, readby) peer=${DEFAULT_PROFILE},

  deny mount,
  deny /proc/* w,
  deny /proc/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w,
  deny /proc/sys/[^kn]** w,
  deny /proc/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;
