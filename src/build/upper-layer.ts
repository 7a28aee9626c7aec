import { lstatSync, readdirSync } from "node:fs";
import { Notes } from "../image/notes.ts";
import { tarTree } from "../image/tar-tree.ts";
import { overlayOf } from "../oci/annotations.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { addLayer, type AddedLayer, type LayerOptions } from "../store/add.ts";

/** An overlay's upper directory as a layer over the others; null where there is nothing in it. `spec`: of its container. */
export async function layerOfUpper(
  upper: string,
  options: LayerOptions,
  spec?: RuntimeSpec,
): Promise<AddedLayer | null> {
  const omit = spec ? mountPoints(spec, upper) : new Set<string>();
  if (readdirSync(upper).every((name) => omit.has(name))) return null;
  const notes = new Notes(options.say ?? (() => {}));
  const tar = tarTree(upper, notes, { layer: true, omit });
  return await addLayer(tar, options);
}

/**
 * Mount points that a container's start has made in its upper directory, an empty file or directory each, with the
 * directories that were made for them: they are the engine's, not what somebody wants in an image.
 */
function mountPoints(spec: RuntimeSpec, upper: string): Set<string> {
  const layers = overlayOf(spec)?.layers ?? [];
  const omit = new Set<string>();
  const made = (path: string): boolean => {
    const there = lstatSync(`${upper}/${path}`, { throwIfNoEntry: false });
    if (!there || path === "" || layers.some((layer) => exists(`${layer}/${path}`))) return false;
    if (!there.isDirectory()) return there.isFile() && there.size === 0;
    return readdirSync(`${upper}/${path}`).every((name) => omit.has(`${path}/${name}`));
  };
  for (const { destination } of spec.mounts) {
    let path = destination.replace(/^\/+|\/+$/g, "");
    for (; made(path); path = path.slice(0, Math.max(path.lastIndexOf("/"), 0))) omit.add(path);
  }
  return omit;
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
