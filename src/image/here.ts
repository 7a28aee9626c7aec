import { KontenerError } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import { formatPlatform, parsePlatform } from "../oci/platform.ts";
import { lookUp } from "./look-up.ts";
import { peekImage } from "./store.ts";

/**
 * Whether the image can be used as it is here; of the store's, for that platform (`"linux/arm64"`).
 *
 * @throws KontenerError `INVALID` for what is no platform
 */
export async function isHere(
  name: string,
  platform: string | undefined,
  paths: Paths,
): Promise<boolean> {
  const image = await peekImage(name, paths);
  if (!image || platform === undefined) return image !== undefined;
  const wanted = parsePlatform(platform);
  const stored = lookUp(name, paths)?.image.platform;
  if (!stored) return false;
  const { variant = stored.variant } = wanted; // linux/arm64 is content with any
  const exact = { ...wanted, ...(variant === undefined ? {} : { variant }) };
  return formatPlatform(stored) === formatPlatform(exact);
}

/** Without a registry within reach, some images can be had in another way. */
export async function withRecipe(name: string, error: unknown): Promise<unknown> {
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
