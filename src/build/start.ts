import { collectGarbage } from "../engine/gc.ts";
import { readHost } from "../engine/host.ts";
import { requireRoot } from "../engine/run.ts";
import type { StoredImage } from "../image/stored.ts";
import { buildImage } from "./build.ts";
import type { BuildRequest } from "./workshop.ts";

/** `kontener build`; what engines that were killed have left behind goes first. Needs root. */
export async function startBuild(request: BuildRequest): Promise<StoredImage> {
  requireRoot(readHost(request.paths.lib).uid);
  for (const id of await collectGarbage(request.paths))
    request.say(`removed what container ${id} had left behind`);
  return await buildImage(request);
}
