/** Names for the arguments of calls that need only one or two: the header and the man page of each are beside it. */
export const constants = {
  AF_INET: 2, // socket(2), ip(7)
  SOCK_DGRAM: 2, // socket(2)
  SOCK_CLOEXEC: 0o2000000,
  CLOSE_RANGE_CLOEXEC: 4, // close_range(2), linux/close_range.h
  KEYCTL_JOIN_SESSION_KEYRING: 1, // keyctl(2), linux/keyctl.h
  SECCOMP_SET_MODE_FILTER: 1, // seccomp(2), linux/seccomp.h
  SIG_SETMASK: 2, // sigprocmask(2)
} as const;
export type Constant = keyof typeof constants;
