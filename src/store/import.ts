import { damaged } from "../image/damaged.ts";
import type { ImageConfig } from "../image/image.ts";
import type { StoredImage } from "../image/stored.ts";
import { BLOCK_SIZE } from "../image/tar-header.ts";
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
    const layer = await addLayer(ended(tar), { paths, below: [], say });
    const created = new Date().toISOString();
    const history = [{ created, comment }];
    const tags = name === undefined ? [] : [name];
    return await addImage({ created, ...platform, config, history }, [layer], tags, paths);
  });
}

/** Nobody has told a digest: an archive without its end mark, two blocks of zeros, may have been cut off. */
async function* ended(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let last = Buffer.alloc(0);
  for await (const chunk of tar) {
    last = Buffer.concat([last, chunk.subarray(-2 * BLOCK_SIZE)]).subarray(-2 * BLOCK_SIZE);
    yield chunk;
  }
  if (last.length < 2 * BLOCK_SIZE || last.some((byte) => byte !== 0))
    throw damaged("the archive is cut short: its end mark is missing");
}
