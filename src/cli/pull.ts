import { KontenerError } from "../abi/error.ts";
import { lookUp } from "../image/look-up.ts";
import { peekImage } from "../image/store.ts";
import type { StoredImage } from "../image/stored.ts";
import { paths } from "../linux/paths.ts";
import { formatPlatform, parsePlatform } from "../oci/platform.ts";
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

/** Whether the image can be used as it is here; of the store's, for that platform. */
export async function isHere(name: string, platform: string | undefined): Promise<boolean> {
  const image = await peekImage(name, paths());
  if (!image || platform === undefined) return image !== undefined;
  const wanted = parsePlatform(platform);
  const stored = lookUp(name, paths())?.image.platform;
  if (!stored) return false;
  const { variant = stored.variant } = wanted; // linux/arm64 is content with any
  const exact = { ...wanted, ...(variant === undefined ? {} : { variant }) };
  return formatPlatform(stored) === formatPlatform(exact);
}

/** Without a registry within reach, some images can be had in another way. */
async function withRecipe(name: string, error: unknown): Promise<unknown> {
  if (!(error instanceof KontenerError)) return error;
  const { archiveRecipes } = await import("../../rootfs/recipes.ts");
  if (!Object.hasOwn(archiveRecipes, name)) return error;
  const { code, hint = "", message } = error;
  return new KontenerError(message, {
    code,
    cause: error,
    hint: `${hint}\n  or get it without a registry: kontener prepare ${name}`.trimStart(),
  });
}
