import { withRecipe } from "../image/here.ts";
import type { StoredImage } from "../image/stored.ts";
import { paths } from "../linux/paths.ts";
import { parsePlatform } from "../oci/platform.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { registrySource } from "../registry/source.ts";
import { pullImage } from "../store/pull.ts";
import { say } from "./report.ts";
import { watchTransfer } from "./transfer.ts";

export type PullWish = {
  name: string;
  platform?: string | undefined;
  /** Nothing is said but errors. */
  quiet?: boolean;
  tlsVerify?: boolean;
};

/** Gets an image from its registry, and shows how on standard error. */
export async function pullNow({
  name,
  platform,
  quiet = false,
  tlsVerify = true,
}: PullWish): Promise<{ reference: string; image: StoredImage }> {
  const reference = parseReference(name);
  const wanted = platform === undefined ? undefined : parsePlatform(platform);
  const whole = formatReference(reference);
  if (!quiet) say(`pulling ${whole}`);
  const watch = watchTransfer(quiet);
  try {
    const source = registrySource(reference, { onEvent: watch.onEvent, tlsVerify });
    const image = await pullImage(source, {
      paths: paths(),
      name: whole,
      platform: wanted,
      onEvent: watch.onEvent,
      say: watch.say,
    });
    return { reference: whole, image };
  } catch (error) {
    throw await withRecipe(name, error);
  } finally {
    watch.end();
  }
}
