import { KontenerError, invalid } from "../abi/error.ts";
import type { Arch } from "../abi/syscall.ts";
import type { Descriptor, Index, Platform } from "./image-spec.ts";

const architectures: Record<Arch, Platform> = {
  x86_64: { os: "linux", architecture: "amd64" },
  aarch64: { os: "linux", architecture: "arm64", variant: "v8" },
};

/** This machine, in Go's words. */
export const hostPlatform = (arch: Arch): Platform => architectures[arch];

/** `--platform linux/arm64/v8`; the system may be left out. */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  if (parts.length === 1) parts.unshift("linux");
  const [os = "", architecture = "", variant] = parts;
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part)))
    throw invalid(`${JSON.stringify(text)} is not a platform`, "it looks like linux/arm64/v8");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant ? [variant] : [])].join("/");

/** arm64 is v8 where nothing is said, arm v7 (containerd's platforms package, "Normalization"). */
function variantOf({ architecture, variant }: Platform): string {
  if (architecture === "arm64") return variant || "v8";
  return architecture === "arm" ? variant || "v7" : (variant ?? "");
}

/** How well a machine of the platform `wanted` runs what is offered: undefined not at all, 0 best. */
function distance(offered: Platform, wanted: Platform): number | undefined {
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return undefined;
  const [has, needs] = [variantOf(wanted), variantOf(offered)];
  if (has === needs) return 0;
  const [high, low] = [Number(/^v(\d+)$/.exec(has)?.[1]), Number(/^v(\d+)$/.exec(needs)?.[1])];
  if (needs === "" || (wanted.architecture === "amd64" && needs === "v1" && has === "")) return 1;
  // A newer arm runs what an older one does; of amd64 levels only those that were asked for.
  return low < high ? high - low : undefined;
}

/**
 * The manifest of an index for a platform (image-spec image-index.md): the nearest variant, the first of equals.
 *
 * @throws KontenerError `NOT_FOUND` with the platforms that there are
 */
export function choosePlatform(index: Index, wanted: Platform, name: string): Descriptor {
  let best: { descriptor: Descriptor; distance: number } | undefined;
  for (const descriptor of index.manifests) {
    // Attestations have the platform unknown/unknown; without any, whoever made the index meant just this one.
    const near = descriptor.platform ? distance(descriptor.platform, wanted) : 1000;
    if (near !== undefined && (best === undefined || near < best.distance))
      best = { descriptor, distance: near };
  }
  if (best) return best.descriptor;
  const known = index.manifests
    .flatMap(({ platform }) => (platform && platform.os !== "unknown" ? platform : []))
    .map(formatPlatform);
  throw new KontenerError(`${name} is not there for ${formatPlatform(wanted)}`, {
    code: "NOT_FOUND",
    hint: known.length > 0 ? `it is for ${[...new Set(known)].join(", ")}` : "its index is empty",
  });
}
