import type { Capability } from "../abi/capability.ts";
import { errnos } from "../abi/errno.ts";
import type { Arch } from "../abi/syscall.ts";
import type { Seccomp, SeccompRule } from "../oci/runtime-spec.ts";
import { allowed, allowedOn, allowedSince48, allowedWith } from "./seccomp-calls.ts";

/** What a profile's conditions are about. */
export type SeccompContext = {
  /** The bounding set. */
  capabilities: readonly string[];
  arch: Arch;
  /** Linux's version: `[6, 18]`. */
  kernel: readonly [major: number, minor: number];
};

/** The specification's names of our architectures. */
export const seccompArchs = {
  x86_64: "SCMP_ARCH_X86_64",
  aarch64: "SCMP_ARCH_AARCH64",
} as const satisfies Record<Arch, string>;

const allow = (names: readonly string[], args?: SeccompRule["args"]): SeccompRule => ({
  names: [...names],
  action: "SCMP_ACT_ALLOW",
  ...(args ? { args } : {}),
});

/** One rule for each value: the rules of a call are alternatives, the conditions of a rule are not. */
const allowValues = (name: string, values: readonly number[]): SeccompRule[] =>
  values.map((value) => allow([name], [{ index: 0, value, op: "SCMP_CMP_EQ" }]));

/** AF_UNIX (1) to AF_ROSE (11) are allowed as a range; 0 creates nothing. */
const firstRefusedFamily = 12;

/**
 * The address families above the range that socket(2) may be asked for, by number (linux/socket.h). Not AF_VSOCK (40), which
 * talks to the hypervisor past every network namespace; not AF_ALG (38), kernel code that containers have no need of; not
 * those that the kernel has dropped (DECnet 12, ECONET 19, ATMSVC 20, IRDA 23, WANPIPE 25, ISDN 34, CAIF 37).
 */
const families = [
  13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44,
  45,
];

/** personality(2): PER_LINUX and PER_LINUX32, each also with UNAME26, and -1, which only asks. */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (linux/sched.h). */
const NEW_NAMESPACES = 0x7e020000;

/** Whether the kernel is 4.8 or newer, see {@link allowedSince48}. */
export const isSince48 = ([major, minor]: SeccompContext["kernel"]): boolean =>
  major > 4 || (major === 4 && minor >= 8);

/**
 * The default profile: what docker's allows, its conditions settled for one container, in the form of the OCI specification
 * (config-linux.md, "Seccomp"). Everything that is not allowed is answered with EPERM.
 */
export function defaultSeccomp({ capabilities, arch, kernel }: SeccompContext): Seccomp {
  const names = [...allowed, ...allowedOn[arch]];
  if (isSince48(kernel)) names.push(...allowedSince48);
  for (const name of capabilities) names.push(...(allowedWith[name as Capability] ?? []));
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: errnos.EPERM,
    architectures: [seccompArchs[arch]],
    syscalls: [
      allow(names),
      allow(["socket"], [{ index: 0, value: firstRefusedFamily, op: "SCMP_CMP_LT" }]),
      ...allowValues("socket", families),
      ...allowValues("personality", personalities),
      ...(capabilities.includes("CAP_SYS_ADMIN") ? [] : cloneRules),
    ],
  };
}

/** New processes and threads, but no namespaces: in a user namespace of its own anyone is root (user_namespaces(7)). */
const cloneRules: SeccompRule[] = [
  allow(["clone"], [{ index: 0, value: NEW_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]),
  // Its flags are behind a pointer, where no filter can look. "No such call" sends the C library back to clone.
  { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: errnos.ENOSYS },
];
