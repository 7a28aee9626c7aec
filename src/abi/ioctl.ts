/** ioctl(2) requests: terminals (ioctl_tty(2)), interfaces (netdevice(7)), files (ioctl_ficlone(2)). */
export const ioctlRequests = {
  TCGETS: 0x5401,
  TCSETSW: 0x5403,
  TIOCSCTTY: 0x540e,
  TIOCSWINSZ: 0x5414,
  TIOCSPTLCK: 0x40045431,
  TIOCGPTPEER: 0x5441,
  SIOCSIFFLAGS: 0x8914,
  SIOCGIFINDEX: 0x8933,
  FICLONE: 0x40049409,
} as const;
export type IoctlRequest = keyof typeof ioctlRequests;
