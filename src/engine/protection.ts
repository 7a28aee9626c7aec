import type { CapabilitySets, Seccomp } from "../oci/runtime-spec.ts";
import type { Host } from "../plan/host.ts";
import { capabilitySets } from "../security/capabilities.ts";
import { maskedPaths, readonlyPaths } from "../security/paths.ts";
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

/** What holds the container back; `--privileged` takes all of it away, as docker's does. */
export function protectionOf(options: ContainerOptions, uid: number, host: Host): Protection {
  const privileged = options.privileged ?? false;
  const capabilities = capabilitySets({
    add: options.capAdd ?? [],
    drop: options.capDrop ?? [],
    privileged,
    uid,
    available: host.bounding,
  });
  const seccomp = privileged
    ? undefined
    : defaultSeccomp({ capabilities: capabilities.bounding, arch: host.arch, kernel: host.kernel });
  return {
    capabilities,
    noNewPrivileges: !privileged,
    seccomp,
    filter: seccomp && compileSeccomp(seccomp, host.arch),
    maskedPaths: privileged ? [] : [...maskedPaths],
    readonlyPaths: privileged ? [] : [...readonlyPaths],
  };
}
