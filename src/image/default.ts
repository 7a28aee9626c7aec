import type { Paths } from "../linux/paths.ts";
import type { Image } from "./image.ts";
import { findImage, storedImage } from "./store.ts";

/**
 * The image of `container sh` without a name: alpine, which is got where it is not there yet, or busybox where it cannot be
 * got. What happens is said in one line.
 */
export async function defaultImage(paths: Paths, say: (line: string) => void): Promise<Image> {
  const alpine = storedImage("alpine", paths);
  if (alpine) return alpine;
  const { prepareImage } = await import("./prepare.ts");
  const { DownloadError } = await import("./download.ts");
  try {
    return (await prepareImage({ name: "alpine", say }, paths)).image;
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    say(`${error.message}; this is busybox instead`);
    return await findImage("busybox", paths);
  }
}
