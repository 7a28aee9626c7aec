import { KontenerError } from "../abi/error.ts";
import { typeOf } from "../linux/files.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { isBind } from "../plan/kernel-mounts.ts";

/**
 * Checks that what is to be bound is there; returns the sources that are not directories. `own` are the engine's files,
 * which are made only when the container is, and so are volumes.
 */
export function examineSources(
  spec: RuntimeSpec,
  own: readonly string[],
  volumes: string,
): Set<string> {
  const files = new Set(own);
  for (const mount of spec.mounts.filter(isBind)) {
    const source = mount.source ?? "";
    if (files.has(source) || source.startsWith(`${volumes}/`)) continue;
    const type = typeOf(source);
    if (!type) {
      throw new KontenerError(
        `the source of a volume is not there: ${source} (for ${mount.destination})`,
        {
          code: "NOT_FOUND",
          hint: `make it first, for a directory: mkdir -p ${source}`,
        },
      );
    }
    if (type !== "directory") files.add(source);
  }
  return files;
}
