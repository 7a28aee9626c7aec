import { capabilities as names } from "../abi/capability.ts";
import type { Rlimit } from "../abi/resource.ts";
import type { CapabilitySets, RuntimeSpec } from "../oci/runtime-spec.ts";
import { capabilityMask } from "../security/capabilities.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD, halfWords, words } from "./values.ts";

/** What the process may use: resource limits, its place in the queue of the OOM killer, its keys. */
export function planLimits(spec: RuntimeSpec): Step[] {
  const { rlimits = [], oomScoreAdj } = spec.process;
  const steps = rlimits.map(({ type, soft, hard }): Step => ({
    call: "prlimit64",
    pid: 0,
    resource: type as Rlimit,
    new_limit: words(`{rlim_cur=${soft}, rlim_max=${hard}}`, soft, hard),
    old_limit: null,
    why: "a resource limit (getrlimit(2)), which everything the command starts inherits",
  }));
  steps.push({
    call: "keyctl",
    operation: ["KEYCTL_JOIN_SESSION_KEYRING"],
    name: null,
    why: "a session keyring of its own: keys are not namespaced (keyrings(7))",
    ignore: ["ENOSYS", "EPERM", "EDQUOT"],
  });
  if (oomScoreAdj !== undefined) {
    const why = "how gladly the OOM killer takes this process";
    const store = "oom_score_adj";
    const pathname = "/proc/self/oom_score_adj";
    const buf = String(oomScoreAdj);
    steps.push(
      {
        call: "openat",
        dirfd: AT_FDCWD,
        pathname,
        flags: ["O_WRONLY", "O_CLOEXEC"],
        mode: 0,
        why,
        store,
      },
      { call: "write", fd: { stored: store }, buf, count: buf.length, why },
    );
  }
  return steps;
}

/** The bounding set, while CAP_SETPCAP is still there. */
export function planBoundingSet(spec: RuntimeSpec): Step[] {
  const bounding = new Set(spec.process.capabilities?.bounding ?? names);
  return names
    .filter((name) => !bounding.has(name))
    .map((arg2) => ({
      call: "prctl",
      option: "PR_CAPBSET_DROP",
      arg2,
      arg3: 0,
      arg4: 0,
      arg5: 0,
      why: "powers that nothing in the container can ever get back, not even by a setuid program (capabilities(7))",
      ignore: ["EINVAL"], // a capability that an older kernel does not know
    }));
}

/** Groups before the group, the group before the user: afterwards there is no right to. */
export function planUser(spec: RuntimeSpec): Step[] {
  const { uid, gid, umask, additionalGids = [] } = spec.process.user;
  const sets = spec.process.capabilities;
  const steps: Step[] = [
    {
      call: "setgroups",
      size: additionalGids.length,
      list: additionalGids.length
        ? halfWords(`[${additionalGids.join(", ")}]`, ...additionalGids)
        : null,
      why: "the host's supplementary groups stay outside",
    },
    {
      call: "setresgid",
      rgid: gid,
      egid: gid,
      sgid: gid,
      why: "the command's group in all three forms, real, effective and saved: there is none to go back to",
    },
    ...(uid !== 0 && sets?.permitted.length ? [keepCapabilities] : []),
    {
      call: "setresuid",
      ruid: uid,
      euid: uid,
      suid: uid,
      why: "the command's user in all three forms, likewise",
    },
  ];
  if (umask !== undefined)
    steps.push({ call: "umask", mask: umask, why: "which permissions new files do not get" });
  if (sets) steps.push(planCapset(sets), ...sets.ambient.map(planAmbient));
  return steps;
}

const keepCapabilities: Step = {
  call: "prctl",
  option: "PR_SET_KEEPCAPS",
  arg2: 1,
  arg3: 0,
  arg4: 0,
  arg5: 0,
  why: "the change from root to another user would take all capabilities away; execve switches this off again",
};

const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** The sets of capset(2), which come in two halves of 32 bits. */
function planCapset(sets: CapabilitySets): Step {
  const masks = [sets.effective, sets.permitted, sets.inheritable].map(capabilityMask);
  const data = [0, 1].flatMap((half) => masks.map((mask) => mask[half]!));
  const count = (set: readonly string[]): string => `${set.length} of ${names.length}`;
  return {
    call: "capset",
    hdrp: halfWords("{_LINUX_CAPABILITY_VERSION_3, 0}", LINUX_CAPABILITY_VERSION_3, 0),
    datap: halfWords(
      `{effective=${count(sets.effective)}, permitted=${count(sets.permitted)}, inheritable=${count(sets.inheritable)}}`,
      ...data,
    ),
    why: "the powers that the process itself keeps: of root's, the pieces that do the host no harm",
  };
}

const planAmbient = (name: string): Step => ({
  call: "prctl",
  option: "PR_CAP_AMBIENT",
  arg2: "PR_CAP_AMBIENT_RAISE",
  arg3: name,
  arg4: 0,
  arg5: 0,
  why: `${name} survives execve for a user who is not root`,
});

/** The last doors: no new privileges by execve, and only the system calls that the filter lets through. */
export function planSeals(
  spec: RuntimeSpec,
  filter: Uint8Array | undefined,
): { early: Step[]; late: Step[] } {
  const seal: Step[] = filter
    ? [
        {
          call: "seccomp",
          operation: ["SECCOMP_SET_MODE_FILTER"],
          flags: 0,
          args: { text: `{len=${filter.length / 8}, …}`, bytes: filter },
          why: "from here on the kernel asks this filter before each system call (seccomp(2))",
        },
      ]
    : [];
  // Without no_new_privs the filter needs CAP_SYS_ADMIN, so it has to come before the capabilities go (seccomp(2)).
  if (!spec.process.noNewPrivileges) return { early: seal, late: [] };
  return {
    early: [],
    late: [
      {
        call: "prctl",
        option: "PR_SET_NO_NEW_PRIVS",
        arg2: 1,
        arg3: 0,
        arg4: 0,
        arg5: 0,
        why: "setuid programs and file capabilities give nothing any more",
      },
      ...seal,
    ],
  };
}
