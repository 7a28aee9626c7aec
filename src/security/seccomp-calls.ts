import type { Capability } from "../abi/capability.ts";
import type { Arch } from "../abi/syscall.ts";

/*
 * Which system calls docker's default profile lets through (moby/profiles, seccomp/default.json), by subject. Calls that
 * only 32-bit programs have are left out: those programs are refused altogether, see seccomp-compile.ts.
 * Not here, so refused to everyone: io_uring_*, keyctl and its kin, userfaultfd, kexec_*, swapon, nfsservctl, and whatever
 * the kernel grows next.
 */

const list = (text: string): string[] => text.trim().split(/\s+/);

/** Allowed to every container. */
export const allowed: readonly string[] = list(`
  open openat openat2 creat close close_range dup dup2 dup3 fcntl ioctl flock name_to_handle_at
  read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek readahead
  sendfile copy_file_range splice tee vmsplice fallocate truncate ftruncate fadvise64 cachestat
  sync syncfs fsync fdatasync sync_file_range
  io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents

  chdir fchdir getcwd getdents getdents64 umask mkdir mkdirat rmdir mknod mknodat
  link linkat symlink symlinkat readlink readlinkat unlink unlinkat rename renameat renameat2
  stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2
  chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
  getxattr lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat
  setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
  statmount listmount

  pipe pipe2 poll ppoll select pselect6 eventfd eventfd2 signalfd signalfd4
  epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2
  timerfd_create timerfd_settime timerfd_gettime
  inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark

  brk mmap munmap mremap mprotect msync mincore madvise remap_file_pages membarrier mseal
  mlock mlock2 mlockall munlock munlockall pkey_alloc pkey_free pkey_mprotect
  memfd_create memfd_secret map_shadow_stack process_mrelease

  fork vfork execve execveat exit exit_group wait4 waitid pidfd_open pidfd_send_signal
  getpid getppid gettid getpgid setpgid getpgrp getsid setsid set_tid_address rseq
  get_robust_list set_robust_list get_thread_area set_thread_area prctl restart_syscall uretprobe
  getrlimit setrlimit prlimit64 getrusage times getpriority setpriority ioprio_get ioprio_set getcpu
  sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr
  sched_getparam sched_setparam sched_getscheduler sched_setscheduler
  sched_get_priority_max sched_get_priority_min sched_rr_get_interval
  futex futex_wait futex_wake futex_waitv futex_requeue

  getuid geteuid getresuid setuid setreuid setresuid setfsuid
  getgid getegid getresgid setgid setregid setresgid setfsgid getgroups setgroups capget capset
  seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self

  kill tkill tgkill pause sigaltstack rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend
  rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn

  time gettimeofday clock_gettime clock_getres clock_nanosleep clock_adjtime adjtimex nanosleep
  alarm getitimer setitimer timer_create timer_settime timer_gettime timer_getoverrun timer_delete

  socketpair bind connect listen accept accept4 shutdown getsockname getpeername getsockopt setsockopt
  sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg

  shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
  mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr

  uname sysinfo getrandom
`);

/** Allowed where the bounding set holds the capability. */
export const allowedWith: Readonly<Partial<Record<Capability, readonly string[]>>> = {
  CAP_DAC_READ_SEARCH: ["open_by_handle_at"],
  CAP_SYS_ADMIN: list(`
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie
    lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree
    perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount2 unshare
  `),
  CAP_SYS_BOOT: ["reboot"],
  CAP_SYS_CHROOT: ["chroot"],
  CAP_SYS_MODULE: ["delete_module", "init_module", "finit_module"],
  CAP_SYS_PACCT: ["acct"],
  CAP_SYS_PTRACE: list(
    "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
  ),
  CAP_SYS_RAWIO: ["iopl", "ioperm"],
  CAP_SYS_TIME: ["settimeofday", "clock_settime"],
  CAP_SYS_TTY_CONFIG: ["vhangup"],
  CAP_SYS_NICE: ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"],
  CAP_SYSLOG: ["syslog"],
  CAP_BPF: ["bpf"],
  CAP_PERFMON: ["perf_event_open"],
};

/** Allowed from Linux 4.8 on: before it a tracer could change a call after the filter had seen it (seccomp(2)). */
export const allowedSince48: readonly string[] = [
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
];

/** What only this architecture has. */
export const allowedOn: Readonly<Record<Arch, readonly string[]>> = {
  x86_64: ["arch_prctl", "modify_ldt"],
  aarch64: [],
};
