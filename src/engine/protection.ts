import { readFileSync } from "node:fs";
import { invalid } from "../abi/error.ts";
import type { CapabilitySets, Seccomp } from "../oci/runtime-spec.ts";
import type { Host } from "../plan/host.ts";
import { capabilitySets } from "../security/capabilities.ts";
import { parseSecurityOptions } from "../security/options.ts";
import { maskedPaths, readonlyPaths } from "../security/paths.ts";
import { parseSeccompProfile } from "../security/profile-file.ts";
import { compileSeccomp } from "../security/seccomp-compile.ts";
import { defaultSeccomp } from "../security/seccomp-profile.ts";
import type { ContainerOptions } from "../spec/options.ts";

export type Protection = {
  capabilities: CapabilitySets;
  noNewPrivileges: boolean;
  seccomp: Seccomp | undefined;
  filter: Uint8Array | undefined;
  maskedPaths: string[];
  readonlyPaths: string[];
};
