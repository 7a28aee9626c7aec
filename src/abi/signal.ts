/** Signal numbers that x86-64 and arm64 share (signal(7)). */
export const signals = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;
export type Signal = keyof typeof signals;

const names = new Map<number, string>(Object.entries(signals).map(([name, n]) => [n, name]));

/** `signalName(9)` is `"SIGKILL"`; real-time signals come back as `"SIGRTMIN+k"`. */
export const signalName = (n: number): string =>
  names.get(n) ?? (n >= 34 ? `SIGRTMIN+${n - 34}` : `signal ${n}`);
