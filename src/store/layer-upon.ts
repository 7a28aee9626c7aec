import { damaged } from "../image/damaged.ts";
import type { StoredLayer } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import { ensureLayer } from "./layers.ts";
import { openOverlay } from "../image/overlay.ts";
import { unpackLayer, unpackOver } from "./unpack-layer.ts";

export type Upon = {
  /** Names of the layers below, uppermost first. */
  lower: readonly string[];
  name: string;
  diffId: string;
  archive: () => AsyncIterable<Uint8Array>;
  paths: Paths;
  say: (line: string) => void;
};

/** A layer over those below it; where there are none the archive has to do, with what it implies. */
export async function layerUpon(upon: Upon): Promise<StoredLayer> {
  const { lower, name, diffId, archive, paths, say } = upon;
  const made = await ensureLayer(name, diffId, paths, async (staging) => {
    if (lower.length > 0) return await unpackOver(archive, openOverlay(lower, staging, paths), say);
    const { size, broken } = await unpackLayer(archive(), `${staging}/rootfs`, say);
    if (broken) throw damaged(broken.message, broken);
    return size;
  });
  return made!;
}
