import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { planCommand, planReaper, planWorkingDirectory } from "./command.ts";
import { planConfinement, planConfinementHold } from "./confinement.ts";
import type { HostStep } from "./host-step.ts";
import { planBoundingSet, planLimits, planSeals, planUser } from "./identity.ts";
import { planKernelMounts } from "./kernel-mounts.ts";
import {
  planCgroupNamespace,
  planHostname,
  planJoin,
  planJoinCgroup,
  planLoopback,
  planNamespaces,
} from "./namespaces.ts";
import { planNullDevice, planProtection, planSysctls } from "./protection.ts";
import { planPivot, planPrivate, planReadonlyRoot, planRootfs, planScratch } from "./rootfs.ts";
import type { Plan, Step } from "./step.ts";
import { planSession } from "./terminal.ts";
import {
  birthNamespaces,
  hasUserNamespace,
  planMaps,
  planOwnedRoot,
  planOwnRoot,
  planUserNamespace,
} from "./user-namespace.ts";
import { planDirectories, planHolds, planPlaces } from "./volumes.ts";

/** What the specification cannot say and the plan needs to know. */
export type PlanFacts = {
  /** Sources of bind mounts that are not directories: their targets have to be files. */
  files: ReadonlySet<string>;
  /** The compiled seccomp filter of `linux.seccomp`. */
  filter?: Uint8Array | undefined;
  /** The container ends with the process that started it. With its monitor it always ends. */
  dieWithParent: boolean;
  /** It may have been started before: what it wrote is there. */
  again?: boolean;
  /** What the engine prepares besides the overlay's directories: files for /etc, the cgroup. */
  before: HostStep[];
  /** What the engine does while PID 1 waits: network, and cgroup.procs where PID 1 cannot enter by itself. */
  birth: HostStep[];
  /** How PID 1 enters its control group by itself: cgroup/enter.ts. */
  entry?: { hold: Step[]; enter: Step[]; birthplace: string | undefined };
};

/** From a specification to the whole birth, in order. Pure: the same input gives the same plan. */
export function buildPlan(spec: RuntimeSpec, facts: PlanFacts): Plan {
  const { entry } = facts;
  const leash = planLeash();
  const owned = hasUserNamespace(spec);
  return {
    before: [...facts.before, ...planScratch(spec, facts.again ?? false)],
    monitor: [
      ...(facts.dieWithParent ? leash : []),
      ...(entry?.hold ?? []),
      ...planConfinementHold(spec),
      ...planNamespaces(spec),
      ...(owned ? [planPrivate, ...planUserNamespace(spec), ...planHolds(spec)] : []),
    ],
    ...(owned ? { namespaces: birthNamespaces(spec) } : {}),
    ...(entry?.birthplace === undefined ? {} : { birthplace: entry.birthplace }),
    birth: [...(owned ? planMaps(spec) : []), ...facts.birth],
    init: [
      ...(entry?.enter ?? []),
      {
        call: "meet",
        at: "go",
        why: "sleep until the engine has done its part: one byte, over a socket that both hold",
      },
      ...planConfinement(spec),
      ...planOwnRoot(spec),
      ...planCgroupNamespace(spec),
      ...planHostname(spec),
      ...planLoopback(spec),
      ...(owned ? planOwnedRoot() : [...planRootfs(spec), ...planHolds(spec)]),
      ...planKernelMounts(spec),
      ...planPivot(),
      ...planNullDevice(spec),
      ...planPlaces(spec, facts.files),
      ...planSysctls(spec),
      ...planProtection(spec),
      ...planDirectories(spec.process.cwd),
      ...planReadonlyRoot(spec),
      ...planRun(spec, facts.filter),
    ],
  };
}

/** A further process for a container that runs: `kontener exec`. */
export type JoinFacts = Pick<
  PlanFacts,
  "filter" | "dieWithParent" | "before" | "birth" | "entry"
> & {
  /** The container's PID 1, as the host sees it. */
  pid: number;
};

/**
 * From a container's specification, with the process that is to join it in place of its own, to that process's birth: into
 * the namespaces that PID 1 is in, held back by the same limits on privileges. Nothing of the container is executed or
 * opened before they are in force but its working directory and terminal.
 */
export function buildJoinPlan(spec: RuntimeSpec, facts: JoinFacts): Plan {
  const { entry } = facts;
  const leash = planLeash();
  return {
    before: facts.before,
    monitor: [
      ...(facts.dieWithParent ? leash : []),
      ...(entry?.hold ?? []),
      ...planConfinementHold(spec),
      ...planJoin(spec, facts.pid),
      ...(facts.dieWithParent && hasUserNamespace(spec) ? leash : []), // other credentials have cleared it
    ],
    ...(entry?.birthplace === undefined ? {} : { birthplace: entry.birthplace }),
    birth: facts.birth,
    init: [
      ...(entry?.enter ?? []),
      { call: "meet", at: "go", why: "wait until the engine has put this process into the cgroup" },
      ...planConfinement(spec),
      ...planOwnRoot(spec),
      ...planJoinCgroup(spec),
      ...planRun(spec, facts.filter),
    ],
  };
}

/** From a process that stands in the container to its command: the same seals for PID 1 and for whoever joins it. */
function planRun(spec: RuntimeSpec, filter: Uint8Array | undefined): Step[] {
  const seals = planSeals(spec, filter);
  return [
    ...planSession(spec),
    ...planLimits(spec),
    ...planWorkingDirectory(spec),
    ...seals.early,
    ...planBoundingSet(spec),
    ...planUser(spec),
    ...planLeash(),
    ...seals.late,
    ...planReaper(spec),
    ...planCommand(spec),
  ];
}

/** Set again in PID 1 after the change of user, which clears it (PR_SET_PDEATHSIG(2const)). */
const planLeash = (): Step[] => [
  {
    call: "prctl",
    option: "PR_SET_PDEATHSIG",
    arg2: "SIGKILL",
    arg3: 0,
    arg4: 0,
    arg5: 0,
    why: "end with the process that started this one, however that ends",
  },
];
