/** prctl(2): linux/prctl.h. */
export const prctlOptions = {
  PR_SET_PDEATHSIG: 1,
  PR_SET_DUMPABLE: 4,
  PR_SET_KEEPCAPS: 8,
  PR_SET_NAME: 15,
  PR_CAPBSET_DROP: 24,
  PR_SET_SECUREBITS: 28,
  PR_SET_NO_NEW_PRIVS: 38,
  PR_CAP_AMBIENT: 47,
} as const;
export type PrctlOption = keyof typeof prctlOptions;

/** The operation of PR_CAP_AMBIENT(2const), prctl's second argument. */
export const ambientOperations = { PR_CAP_AMBIENT_RAISE: 2 } as const;
export type AmbientOperation = keyof typeof ambientOperations;

/** PR_SET_SECUREBITS(2const): linux/securebits.h. */
export const securebits = { SECBIT_NO_SETUID_FIXUP: 4 } as const;
export type Securebit = keyof typeof securebits;
