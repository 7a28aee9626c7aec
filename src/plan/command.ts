import type { Errno } from "../abi/errno.ts";
import { annotations } from "../oci/annotations.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { FIRST_STORED_FD, type Step } from "./step.ts";
import { halfWords, words } from "./values.ts";

/** Close what was held of the host, and only then enter a directory that the user named (CVE-2024-21626). */
export const planWorkingDirectory = (spec: RuntimeSpec): Step[] => [
  {
    call: "close_range",
    first: FIRST_STORED_FD,
    last: 0xffffffff,
    flags: [],
    why: "let go of everything that leads out, so that no /proc/self/fd path can (CVE-2024-21626)",
  },
  { call: "chdir", path: spec.process.cwd, why: "the directory in which the command starts" },
];

/** `--init`: the command is PID 2, so that signals end it as they would anywhere, and nobody's orphans stay zombies. */
export const planReaper = (spec: RuntimeSpec): Step[] =>
  spec.annotations?.[annotations.init] === "true"
    ? [
        {
          call: "reap",
          why: "fork: the child becomes the command, PID 1 stays behind to reap what others leave as zombies",
        },
      ]
    : [];

/** Bun ignores SIGPIPE and SIGXFSZ; a shell may have ignored the others for what it starts in the background. */
const resetSignals = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGPIPE", "SIGXFSZ"] as const;

/**
 * The last steps. The kernel itself searches PATH, inside the container: one execve for each directory, going on where
 * there is no such file. A file that is there but may not be executed is remembered as execvp(3) does, by a second round.
 */
export function planCommand(spec: RuntimeSpec): Step[] {
  const { args, env } = spec.process;
  if (!args.length)
    return [
      { call: "hold", why: "sleep: a box has no command of its own, others will be run in it" },
    ];
  const missing: Errno[] = ["ENOENT", "ENOTDIR"];
  const run = (pathname: string, why: string, ignore?: readonly Errno[]): Step => ({
    call: "execve",
    pathname,
    argv: args,
    envp: env,
    why,
    ...(ignore ? { ignore } : {}),
  });
  const candidates = searchPath(args[0]!, env);
  const last = candidates.at(-1)!;
  const become = "become the command: same process, new program";
  return [
    {
      call: "close_range",
      first: 3,
      last: 0xffffffff,
      flags: ["CLOSE_RANGE_CLOEXEC"],
      why: "no descriptor of the engine's survives execve",
    },
    ...resetSignals.map((signum): Step => ({
      call: "rt_sigaction",
      signum,
      act: words("{sa_handler=SIG_DFL}", 0, 0, 0, 0),
      oldact: null,
      sigsetsize: 8,
      why: "what the engine or its caller ignores (nohup) would stay ignored across execve (signal(7))",
    })),
    {
      call: "rt_sigprocmask",
      how: ["SIG_SETMASK"],
      set: halfWords("[]", 0, 0),
      oldset: null,
      sigsetsize: 8,
      why: "signals were held back during the birth: let them in",
    },
    ...(candidates.length > 1
      ? [
          ...candidates.map((path) => run(path, become, [...missing, "EACCES"])),
          ...candidates
            .slice(0, -1)
            .map((path) => run(path, "find out why none of them ran", missing)),
        ]
      : []),
    run(last, candidates.length > 1 ? "find out why none of them ran" : become),
  ];
}

/** Where a command may be: itself where its name has a slash, else once for each directory of PATH (execvp(3)). */
export function searchPath(command: string, env: readonly string[]): string[] {
  if (command.includes("/")) return [command];
  const path = env.findLast((entry) => entry.startsWith("PATH="))?.slice(5);
  return (path || "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    .split(":")
    .map((directory) => `${directory || "."}/${command}`);
}
