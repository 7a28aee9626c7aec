import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD, halfWords } from "./values.ts";

/**
 * A terminal that belongs to the container: opened in its own devpts, so that tty(1) can name it; the engine takes the
 * master's descriptor out of this process (pidfd_getfd(2)). Without one, a session without a controlling terminal keeps
 * the command from typing into the caller's (TIOCSTI, CVE-2017-5226).
 */
export function planSession(spec: RuntimeSpec): Step[] {
  const session: Step = {
    call: "setsid",
    why: "a session of its own: the caller's terminal is not the command's to control",
  };
  if (!spec.process.terminal) return [session];
  const master = "terminal";
  const slave = "terminal's other end";
  return [
    session,
    {
      call: "openat",
      dirfd: AT_FDCWD,
      pathname: "/dev/ptmx",
      flags: ["O_RDWR", "O_NOCTTY", "O_CLOEXEC"],
      mode: 0,
      why: "a new pseudo-terminal (pty(7))",
      store: master,
    },
    {
      call: "ioctl",
      fd: { stored: master },
      request: "TIOCSPTLCK",
      argp: halfWords("[0]", 0),
      why: "unlock its other end",
    },
    { call: "meet", at: "terminal", why: "the engine takes the master out of this process" },
    {
      call: "ioctl",
      fd: { stored: master },
      request: "TIOCGPTPEER",
      argp: ["O_RDWR", "O_NOCTTY"],
      why: "open its other end without a path that the container could have changed (Linux 4.13)",
      store: slave,
    },
    {
      call: "ioctl",
      fd: { stored: slave },
      request: "TIOCSCTTY",
      argp: 0,
      why: "make it the session's controlling terminal: ^C there is a signal here",
    },
    ...[0, 1, 2].map((newfd): Step => ({
      call: "dup3",
      oldfd: { stored: slave },
      newfd,
      flags: [],
      why: "standard input, output and error are the terminal",
    })),
    ...(["terminal", "terminal's other end"] as const).map((stored): Step => ({
      call: "close",
      fd: { stored },
      why: "the command needs no further ends of it",
    })),
  ];
}
