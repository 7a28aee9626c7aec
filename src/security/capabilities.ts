import { capabilities, type Capability } from "../abi/capability.ts";
import { invalid, KontenerError } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import type { CapabilitySets } from "../oci/runtime-spec.ts";

/** Docker's default fourteen: what root in a container needs to install and run programs, and harmless to the host. */
export const defaultCapabilities: readonly Capability[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SYS_CHROOT",
  "CAP_MKNOD",
  "CAP_AUDIT_WRITE",
  "CAP_SETFCAP",
];

export type CapabilityRequest = {
  /** `--cap-add` and `--cap-drop`: names with or without CAP_, in any case, or ALL. */
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
  uid: number;
  /** What the engine itself may hand on (CapBnd of /proc/self/status); all where it is left out. */
  available?: readonly string[] | undefined;
};

/**
 * The five sets of a container's first process (capabilities(7), the OCI specification's "capabilities").
 *
 * Root has the whole list in effect. Another user has it as a ceiling only, as in docker; what such a user was given by name
 * with `--cap-add` is ambient too, as in podman, since there is no other way to have it. The inheritable set is empty but
 * for that: a file's own inheritable bits would turn it into powers (CVE-2022-24769).
 */
export function capabilitySets(request: CapabilityRequest): CapabilitySets {
  const { uid, privileged, available = capabilities } = request;
  const add = request.add.map(capabilityName);
  const drop = request.drop.map(capabilityName);
  const missing = add.find((name) => name !== "ALL" && !available.includes(name));
  if (missing !== undefined && !privileged) throw unavailable(missing);

  // Docker's order: with ALL added what is dropped goes, with ALL dropped what is added stays, else added beats dropped.
  const has = (name: Capability): boolean => {
    if (privileged) return true;
    if (add.includes("ALL")) return !drop.includes(name);
    if (add.includes(name)) return true;
    if (drop.includes("ALL") || drop.includes(name)) return false;
    return defaultCapabilities.includes(name);
  };
  const bounding = capabilities.filter((name) => available.includes(name) && has(name));
  const asked = bounding.filter((name) => add.includes(name) || add.includes("ALL"));
  return uid === 0
    ? {
        bounding,
        effective: [...bounding],
        permitted: [...bounding],
        inheritable: [],
        ambient: [],
      }
    : {
        bounding,
        effective: [...asked],
        permitted: [...asked],
        inheritable: [...asked],
        ambient: asked,
      };
}

/** "net_admin" is CAP_NET_ADMIN, "all" is ALL; throws INVALID with the nearest names for any other. */
export function capabilityName(text: string): Capability | "ALL" {
  const upper = text.toUpperCase();
  if (upper === "ALL") return upper;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  const found = capabilities.find((known) => known === name);
  if (found) return found;
  const near = nearest(name, capabilities);
  throw invalid(
    `there is no capability “${text}”`,
    near.length
      ? `did you mean ${near.join(" or ")}?`
      : "capabilities(7) lists them; ALL is all of them",
  );
}

/** A set as capset(2) takes it: the low and the high 32 bits. Names that the kernel does not have are left out. */
export function capabilityMask(names: readonly string[]): [low: number, high: number] {
  const mask: [number, number] = [0, 0];
  for (const [number, name] of capabilities.entries())
    if (names.includes(name)) mask[number >> 5 ? 1 : 0] += 2 ** (number & 31);
  return mask;
}

const unavailable = (name: string): KontenerError =>
  new KontenerError(`${name} cannot be given: this host does not let the engine have it`, {
    code: "UNSUPPORTED",
    hint: "the engine runs with fewer capabilities than root usually has (in a container itself?): `capsh --print` lists them",
  });
