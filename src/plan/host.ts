import type { Arch } from "../abi/syscall.ts";

/** Facts about the host that decisions depend on, read once by `engine/host.ts`. */
export type Host = {
  arch: Arch;
  /** Linux's version: `[6, 18]`. */
  kernel: readonly [major: number, minor: number];
  uid: number;
  /** The capabilities that the engine can hand on, by name. */
  bounding: readonly string[];
  /** The state directory is on an overlay itself, which cannot hold another one's upper directory. */
  upperOnTmpfs: boolean;
};
