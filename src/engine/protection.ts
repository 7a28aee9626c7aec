import { KontenerError } from "../abi/error.ts";
import { hasAppArmor, isLoaded, parser } from "../linux/apparmor.ts";
import { exists, readText } from "../linux/files.ts";
import type { CapabilitySets, Seccomp } from "../oci/runtime-spec.ts";
import type { Host } from "../plan/host.ts";
import { DEFAULT_PROFILE } from "../security/apparmor.ts";
import { capabilitySets } from "../security/capabilities.ts";
import { parseSecurityOptions, type SecurityOptions } from "../security/options.ts";
import { maskedPaths, readonlyPaths, thermalPaths } from "../security/paths.ts";
import { defaultFilter } from "../security/seccomp-default.ts";
import { defaultSeccomp, type SeccompContext } from "../security/seccomp-profile.ts";
import type { ContainerOptions } from "../spec/options.ts";

/** What holds a container back, as it goes into the specification, and the filter compiled. */
export type Protection = {
  capabilities: CapabilitySets;
  noNewPrivileges: boolean;
  seccomp: Seccomp | undefined;
  filter: Uint8Array | undefined;
  maskedPaths: string[];
  readonlyPaths: string[];
  /** The profile of AppArmor's; undefined: none. */
  apparmor: string | undefined;
};

/** `--privileged` takes everything away, as docker's does; `--security-opt` one thing at a time. */
export async function protectionOf(
  options: ContainerOptions,
  uid: number,
  host: Host,
): Promise<Protection> {
  const privileged = options.privileged ?? false;
  const chosen = parseSecurityOptions(options.securityOpts ?? []);
  const capabilities = capabilitySets({
    add: options.capAdd ?? [],
    drop: options.capDrop ?? [],
    privileged,
    uid,
    available: host.bounding,
  });
  const context = { capabilities: capabilities.bounding, arch: host.arch, kernel: host.kernel };
  const open = privileged || chosen.systemPaths === "unconfined";
  return {
    capabilities,
    noNewPrivileges: chosen.noNewPrivileges && !privileged,
    ...(privileged
      ? { seccomp: undefined, filter: undefined }
      : await seccompOf(chosen.seccomp, context)),
    maskedPaths: open ? [] : [...maskedPaths, ...thermal()],
    readonlyPaths: open ? [] : [...readonlyPaths],
    apparmor: appArmorOf(chosen, privileged),
  };
}

/**
 * The default profile where the host has AppArmor and the program that can load it, as in docker; one that was asked for by
 * name has to be there.
 */
function appArmorOf(
  { apparmor: wanted, label }: SecurityOptions,
  privileged: boolean,
): string | undefined {
  if (label.some((part) => part !== "disable"))
    throw new KontenerError("SELinux labels are not given to containers yet", {
      code: "UNSUPPORTED",
      hint: "leave out --security-opt label=…",
    });
  if (wanted === "unconfined" || (privileged && wanted === undefined)) return undefined;
  const byName = wanted !== undefined && wanted !== DEFAULT_PROFILE && wanted !== "docker-default";
  if (!hasAppArmor()) {
    if (!byName) return undefined;
    throw new KontenerError(`this host has no AppArmor to hold a container to “${wanted}”`, {
      code: "UNSUPPORTED",
      hint: "leave out --security-opt apparmor=…, or boot with security=apparmor",
    });
  }
  if (!byName) return isLoaded(DEFAULT_PROFILE) || parser() ? DEFAULT_PROFILE : undefined;
  if (isLoaded(wanted)) return wanted;
  throw new KontenerError(`there is no AppArmor profile “${wanted}” in the kernel`, {
    code: "NOT_FOUND",
    hint: "load it first: apparmor_parser -r FILE; aa-status lists those that are",
  });
}

async function seccompOf(
  chosen: SecurityOptions["seccomp"],
  context: SeccompContext,
): Promise<Pick<Protection, "seccomp" | "filter">> {
  if (chosen.kind === "unconfined") return { seccomp: undefined, filter: undefined };
  if (chosen.kind !== "file")
    return { seccomp: defaultSeccomp(context), filter: defaultFilter(context) };
  const { parseSeccompProfile } = await import("../security/profile-file.ts");
  const { compileSeccomp } = await import("../security/seccomp-compile.ts");
  const seccomp = parseSeccompProfile(readProfile(chosen.path), context, chosen.path);
  return { seccomp, filter: compileSeccomp(seccomp, context.arch) };
}

/** Two mounts for each processor, so only where there is something to hide. */
const thermal = (): string[] =>
  exists(thermalPaths(1)[0]!) ? thermalPaths(navigator.hardwareConcurrency) : [];

function readProfile(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KontenerError(`cannot read the seccomp profile: ${why}`, {
      code: "NOT_FOUND",
      cause: error,
    });
  }
}
