import { lstatSync, readdirSync } from "node:fs";
import { Notes } from "../image/notes.ts";
import { tarTree } from "../image/tar-tree.ts";
import { overlayOf } from "../oci/annotations.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { hostRoot } from "../plan/user-namespace.ts";
import { addLayer, type AddedLayer, type LayerOptions } from "../store/add.ts";

/** An overlay's upper directory as a layer over the others; null where there is nothing in it. `spec`: of its container. */
export async function layerOfUpper(
  upper: string,
  options: LayerOptions,
  spec?: RuntimeSpec,
): Promise<AddedLayer | null> {
  const omit = spec ? mountPoints(spec, upper) : new Set<string>();
  if (isEmpty(upper, omit)) return null;
  const firstIds = spec ? hostRoot(spec) : { uid: 0, gid: 0 };
  const notes = new Notes(options.say ?? (() => {}));
  const tar = tarTree(upper, notes, { layer: true, omit, firstIds });
  return await addLayer(tar, options);
}

function isEmpty(upper: string, omit: ReadonlySet<string>): boolean {
  const names = readdirSync(upper).filter((name) => !omit.has(name));
  return names.length === 0;
}

/**
 * Mount points that a container's start has made in its upper directory, an empty file or directory each: they are the
 * engine's, not what somebody wants in an image.
 */
function mountPoints(spec: RuntimeSpec, upper: string): Set<string> {
  const layers = overlayOf(spec)?.layers ?? [];
  const paths = spec.mounts.map(({ destination }) => destination.replace(/^\/+|\/+$/g, ""));
  return new Set(
    paths.filter((path) => {
      const there = lstatSync(`${upper}/${path}`, { throwIfNoEntry: false });
      if (!there || layers.some((layer) => exists(`${layer}/${path}`))) return false;
      return there.isDirectory() ? isEmpty(`${upper}/${path}`, new Set()) : there.size === 0;
    }),
  );
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
