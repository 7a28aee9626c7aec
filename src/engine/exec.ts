import { AT_FDCWD, openFlags } from "../abi/open.ts";
import type { Ended } from "../abi/wait.ts";
import { readLayout } from "../cgroup/host.ts";
import { canEnter, planEnter } from "../cgroup/enter.ts";
import { planCgroup } from "../cgroup/plan.ts";
import { enterSubgroup, intoSubgroup } from "../cgroup/subgroup.ts";
import type { CgroupRequest } from "../cgroup/trees.ts";
import type { Launched, Stdio } from "../launch/launch.ts";
import { close } from "../linux/files.ts";
import { call } from "../linux/libc.ts";
import { turn } from "../linux/turn.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { resolveUser } from "../oci/user.ts";
import { buildJoinPlan, type JoinFacts } from "../plan/build.ts";
import type { Host } from "../plan/host.ts";
import { readAccounts } from "./accounts.ts";
import { giveBirth, giveDetachedBirth, type BirthRequest, type Observer } from "./birth.ts";
import type { Container } from "./container.ts";
import { protectionOf } from "./protection.ts";
import { cgroupPath } from "./remove.ts";

/** A command for a container that runs. What is left out is as for the container's own. */
export type ExecOptions = {
  command: readonly string[];
  /** Added to the container's environment. */
  env?: Record<string, string>;
  workdir?: string;
  user?: string;
  tty?: boolean;
};

export type ExecRequest = {
  container: Container;
  exec: ExecOptions;
  stdio: Stdio;
  observer: Observer;
  /** A group of its own inside the container's, by which the command and all that it starts are found: a name. */
  group?: string;
  spawned?(monitor: Launched): void;
  /** Signals for the command can be sent to `pid` from now on. */
  signalsTo?(pid: number): void;
  executed?(): void;
  terminal?(pid: number, fd: number): void;
};

/**
 * Runs a command in a container: in its namespaces and its cgroup, held back like its PID 1. Fulfilled when the command has
 * ended; it ends with the container, and with this process.
 */
export const execIn = async (request: ExecRequest): Promise<Ended> =>
  await giveBirth(await prepareExec(request, true));

/** The same, fulfilled when the command runs: it ends with the container, but not with this process. */
export async function execDetached(request: ExecRequest): Promise<void> {
  const nothing = call(
    "openat",
    AT_FDCWD,
    "/dev/null",
    openFlags.O_WRONLY + openFlags.O_CLOEXEC,
    0,
  ); // nobody asks how it ended
  try {
    const birth = await prepareExec(request, false);
    await giveDetachedBirth(birth, { lock: nothing, exit: nothing });
  } finally {
    close(nothing);
  }
}

async function prepareExec(request: ExecRequest, dieWithParent: boolean): Promise<BirthRequest> {
  const { container, exec, observer } = request;
  const { pid, record, host } = container;
  const root = `/proc/${pid}/root`; // what the container has made of its /etc/passwd by now
  const accounts = readAccounts([root]);
  const user = exec.user === undefined ? undefined : resolveUser(exec.user, accounts);
  const uid = user?.uid ?? container.spec.process.user.uid;
  const { filter, capabilities } = await protectionOf(container.options, uid, host);
  const own = container.spec.process;
  const spec: RuntimeSpec = {
    ...container.spec,
    process: {
      ...own,
      args: [...exec.command],
      env: mergeEnvironment(own.env, { ...(user ? { HOME: user.home } : {}), ...exec.env }),
      cwd: exec.workdir ?? own.cwd,
      terminal: exec.tty ?? false,
      ...(user ? { user: { ...own.user, ...user } } : {}),
      capabilities,
    },
    annotations: {}, // no overlay is mounted and no reaper stays behind
  };
  const resources = container.spec.linux.resources ?? {};
  const group = { path: cgroupPath(record.id), resources, layout: readLayout() };
  const admission = admit(group, host, request.group);
  const plan = buildJoinPlan(spec, { pid, filter, dieWithParent, ...admission });
  await turn();
  return { ...request, plan, spec, layers: [root], executor: "launcher", observer };
}

type Admission = Pick<JoinFacts, "before" | "birth" | "entry">;

/** Into the container's group, or one below it: by itself, or where the kernel is too old for that by the engine's hand. */
function admit(group: CgroupRequest, { kernel }: Host, name: string | undefined): Admission {
  if (!canEnter(kernel)) {
    const { join } = planCgroup(group);
    return { before: [], birth: name === undefined ? join : intoSubgroup(join, group, name) };
  }
  const entry = planEnter(group);
  return {
    before: [],
    entry,
    ...(name === undefined ? {} : enterSubgroup(entry, group, name)),
    birth: [],
  };
}

function mergeEnvironment(own: readonly string[], more: Record<string, string>): string[] {
  const kept = own.filter((entry) => !Object.hasOwn(more, entry.slice(0, entry.indexOf("="))));
  return [...kept, ...Object.entries(more).map(([name, value]) => `${name}=${value}`)];
}
