import { closeSync, openSync } from "node:fs";
import type { Ended } from "../abi/wait.ts";
import { readLayout } from "../cgroup/host.ts";
import { planCgroup } from "../cgroup/plan.ts";
import { intoSubgroup } from "../cgroup/subgroup.ts";
import type { Launched, Stdio } from "../launch/launch.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { resolveUser } from "../oci/user.ts";
import { buildJoinPlan } from "../plan/build.ts";
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
  const nothing = openSync("/dev/null", "w"); // nobody asks how it ended
  try {
    const birth = await prepareExec(request, false);
    await giveDetachedBirth(birth, { lock: nothing, exit: nothing });
  } finally {
    closeSync(nothing);
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
  const { join } = planCgroup(group);
  const birth = request.group === undefined ? join : intoSubgroup(join, group, request.group);
  const plan = buildJoinPlan(spec, { pid, filter, dieWithParent, birth });
  return { ...request, plan, spec, layers: [root], executor: "launcher", observer };
}

function mergeEnvironment(own: readonly string[], more: Record<string, string>): string[] {
  const kept = own.filter((entry) => !Object.hasOwn(more, entry.slice(0, entry.indexOf("="))));
  return [...kept, ...Object.entries(more).map(([name, value]) => `${name}=${value}`)];
}
