import type { TransferEvent } from "../image/content.ts";
import type { Image } from "../image/image.ts";
import { isImageName } from "../image/record.ts";
import { findImage, isBuiltin, knownImage, storedImage } from "../image/store.ts";
import { paths as statePaths } from "../linux/paths.ts";
import { requireRoot } from "../engine/run.ts";
import { pull as pullFrom } from "./pull.ts";

/** Where the image of a box comes from. */
export type ImageOptions = {
  /**
   * When a registry is asked: `"missing"` where the image is not here, `"always"` for a newer one, `"never"`. What
   * `kontener prepare` and {@link Box.commit} made, `busybox` and `host` are never asked for. Default `"missing"`.
   */
  pull?: "missing" | "always" | "never";
  /** `"linux/arm64"`, of an image of several. Default: what is here, or this machine's. */
  platform?: string;
  /** Told of each layer that is pulled and of the bytes that arrive; not called where the image is here. */
  onProgress?: (event: TransferEvent) => void;
};

/**
 * The image that a box starts from, pulled where that is wanted. Nothing of that is loaded where it is here.
 *
 * @throws KontenerError `NOT_FOUND`, and those of {@link pullFrom}; the reason of `signal`
 */
export async function imageFor(
  name: string,
  { pull = "missing", platform, ...watching }: ImageOptions & { signal?: AbortSignal },
): Promise<Image> {
  const paths = statePaths();
  const own = isBuiltin(name) || (isImageName(name) && storedImage(name, paths) !== undefined);
  if (own) return await findImage(name, paths);
  if (pull !== "always") {
    const image = await knownImage(name, paths);
    if (image && (await fits(name, platform))) return image;
    if (pull === "never") return await findImage(name, paths); // says what there is
  }
  requireRoot(process.getuid!());
  await pullFrom(name, {
    ...watching,
    ...(platform === undefined ? {} : { platform }),
  }).catch(async (error: unknown) => {
    const { withRecipe } = await import("../image/here.ts");
    throw await withRecipe(name, error);
  });
  return await findImage(name, paths);
}

async function fits(name: string, platform: string | undefined): Promise<boolean> {
  if (platform === undefined) return true;
  const { isHere } = await import("../image/here.ts");
  return await isHere(name, platform, statePaths());
}
