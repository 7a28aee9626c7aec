/** ioctl(2) requests that the plan makes: terminals (ioctl_tty(2)) and interfaces (netdevice(7)). */
export const ioctlRequests = {
  TCGETS: 0x5401,
  TCSETSW: 0x5403,
  TIOCSCTTY: 0x540e,
  TIOCSWINSZ: 0x5414,
  TIOCSPTLCK: 0x40045431,
  TIOCGPTPEER: 0x5441,
  SIOCSIFFLAGS: 0x8914,
  SIOCGIFINDEX: 0x8933,
} as const;
export type IoctlRequest = keyof typeof ioctlRequests;
