import { capabilities, type Capability } from "../abi/capability.ts";
import { constants } from "../abi/constants.ts";
import { bits, type FlagTable } from "../abi/flags.ts";
import { ioctlRequests, type IoctlRequest } from "../abi/ioctl.ts";
import {
  mountAttrs,
  mountFlags,
  moveMountFlags,
  openTreeFlags,
  umountFlags,
} from "../abi/mount.ts";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import {
  ambientOperations,
  prctlOptions,
  securebits,
  type AmbientOperation,
  type PrctlOption,
  type Securebit,
} from "../abi/prctl.ts";
import { rlimits, type Rlimit } from "../abi/resource.ts";
import { cloneFlags } from "../abi/sched.ts";
import { signals, type Signal } from "../abi/signal.ts";
import type { Arch } from "../abi/syscall.ts";
import type { Fd, Kind, Struct, Values } from "../plan/signatures.ts";

/** An argument as the kernel takes it: a number, memory by address, or a list of addresses that a null pointer ends. */
export type Lowered =
  number | string | null | Uint8Array | { strings: readonly string[] } | { filter: Uint8Array };

const flagTables: Partial<Record<Kind, FlagTable>> = {
  const: constants,
  CLONE: cloneFlags,
  MS: mountFlags,
  MNT: umountFlags,
  tree: openTreeFlags,
  move: moveMountFlags,
};

/** From a step's value to the kernel's, by the parameter's kind; `fd` looks up where a stored descriptor is. */
export function lower(
  kind: Kind,
  value: unknown,
  arch: Arch,
  fd: (name: string) => number,
): Lowered {
  const open: FlagTable = arch === "aarch64" ? openFlagsArm64 : openFlags;
  const table = kind === "O" ? open : flagTables[kind];
  if (table) return bits(table, value as string[]);
  switch (kind) {
    case "fd": {
      const descriptor = value as Fd;
      if (typeof descriptor === "object") return fd(descriptor.stored);
      return descriptor === "AT_FDCWD" ? AT_FDCWD : descriptor;
    }
    case "strings":
      return { strings: value as string[] };
    case "struct":
      return value === null ? null : (value as Struct).bytes;
    case "argp":
      if (Array.isArray(value)) return bits(open, value as string[]);
      return typeof value === "number" ? value : (value as Struct).bytes;
    case "filter":
      return { filter: (value as Struct).bytes };
    case "attr":
      return mountAttr(value as Values["attr"], fd);
    case "PR":
      return prctlOptions[value as PrctlOption];
    case "prctl":
      return prctlArgument(value as Values["prctl"]);
    case "SIG":
      return signals[value as Signal];
    case "RLIMIT":
      return rlimits[value as Rlimit];
    case "ioctl":
      return ioctlRequests[value as IoctlRequest];
    default:
      return value as number | string | null;
  }
}

/** struct mount_attr, 32 bytes: u64 attr_set, attr_clr, propagation, userns_fd. */
function mountAttr(
  { set, clr, propagation, userns_fd: userns }: Values["attr"],
  fd: (name: string) => number,
): Uint8Array {
  const usernsFd = typeof userns === "object" ? fd(userns.stored) : 0;
  const flags = [bits(mountAttrs, set), bits(mountAttrs, clr), bits(mountFlags, propagation)];
  const words = [...flags, usernsFd];
  return new Uint8Array(BigUint64Array.from(words.map(BigInt)).buffer);
}

function prctlArgument(value: Values["prctl"]): number | string {
  if (typeof value === "number") return value;
  if (value in signals) return signals[value as Signal];
  if (value in ambientOperations) return ambientOperations[value as AmbientOperation];
  if (value in securebits) return securebits[value as Securebit];
  const capability = capabilities.indexOf(value as Capability);
  return capability >= 0 ? capability : value;
}
