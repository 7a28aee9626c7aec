import { createHash } from "node:crypto";
import type { Arch } from "../abi/syscall.ts";
import type { Seccomp } from "../oci/runtime-spec.ts";

/** A digest that two profiles share only where {@link compileSeccomp} makes the same program of them. */
export const seccompCacheKey = (profile: Seccomp, arch: Arch): string =>
  createHash("sha256")
    .update(`${arch} ${JSON.stringify(profile)}`)
    .digest("hex");
