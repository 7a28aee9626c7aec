import type { ImageConfig } from "../image/image.ts";
import type { StoredImage } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import type { Platform } from "../oci/image-spec.ts";
import { addImage, addLayer } from "./add.ts";
import { adding } from "./lock.ts";

export type ImportOptions = {
  paths: Paths;
  /** Whole. */
  name?: string | undefined;
  platform: Platform;
  config: ImageConfig;
  /** For the history. */
  comment: string;
  say: (line: string) => void;
};

/** An image of one layer: a root file system as an uncompressed tar archive. */
export async function importImage(
  tar: AsyncIterable<Uint8Array>,
  { paths, name, platform, config, comment, say }: ImportOptions,
): Promise<StoredImage> {
  return await adding(paths, async () => {
    const layer = await addLayer(tar, { paths, below: [], say });
    const created = new Date().toISOString();
    const history = [{ created, comment }];
    const tags = name === undefined ? [] : [name];
    return await addImage({ created, ...platform, config, history }, [layer], tags, paths);
  });
}
