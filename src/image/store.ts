import { list } from "../linux/files.ts";
import { KontenerError } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import type { Image } from "./image.ts";
import {
  checkImageName,
  imageDirectory,
  imagesDirectory,
  isImageName,
  readRecord,
} from "./record.ts";

/** Images that are there without being prepared: how each comes about at its first use. */
const builtin: Record<string, (paths: Paths) => Promise<Image | undefined>> = {
  async busybox(paths) {
    const there = storedImage("busybox", paths);
    if (there) return there;
    const { provisionBusybox } = await import("./busybox.ts");
    await provisionBusybox(paths);
    return storedImage("busybox", paths);
  },
  async host(paths) {
    const { hostImage } = await import("./host.ts");
    return await hostImage(paths);
  },
};

/** An image that is always there, whatever a registry has under its name. */
export const isBuiltin = (name: string): boolean => Object.hasOwn(builtin, name);

/**
 * The image of that name. `busybox` and `host` are always there; then come those that were prepared under a plain name, then
 * the content-addressed store, where a word is a reference, an id or the beginning of one.
 *
 * @throws KontenerError `NOT_FOUND` with the names of what is there; `IMAGE` where the image's record is torn
 */
export async function findImage(name: string, paths: Paths): Promise<Image> {
  const make = Object.hasOwn(builtin, name) ? builtin[name] : undefined;
  const image = make ? await make(paths) : await knownImage(name, paths);
  if (image) return image;
  const { archiveRecipes } = await import("../../rootfs/recipes.ts");
  const known = Object.hasOwn(archiveRecipes, name);
  throw new KontenerError(
    `no image ${JSON.stringify(name)}; there are ${names(paths).join(", ")}`,
    {
      code: "NOT_FOUND",
      hint: known
        ? `get it with: kontener prepare ${name}`
        : `get it with: kontener pull ${name}; or make it: kontener prepare ${name} --from SOURCE`,
    },
  );
}

/** The image of that name where it is here, prepared or pulled. */
export async function knownImage(word: string, paths: Paths): Promise<Image | undefined> {
  const prepared = isImageName(word) ? storedImage(word, paths) : undefined;
  if (prepared) return prepared;
  const [{ lookUp }, { asImage }] = await Promise.all([
    import("./look-up.ts"),
    import("./stored.ts"),
  ]);
  const image = lookUp(word, paths)?.image;
  return image && asImage(image, word, paths);
}

/** The image as it was prepared under a plain name, if it was. */
export function storedImage(name: string, paths: Paths): Image | undefined {
  const record = readRecord(name, paths);
  if (!record) return undefined;
  const layers = [`${imageDirectory(name, paths)}/rootfs`];
  return { name, layers, mounts: [], config: record.config };
}

/** The image as {@link findImage} would give it, with nothing made: for plans. Undefined where it is not there yet. */
export async function peekImage(name: string, paths: Paths): Promise<Image | undefined> {
  if (name === "host") return (await import("./host.ts")).describeHost(paths);
  return await knownImage(name, paths);
}

export type ImageListing = {
  name: string;
  /** Where it came from; undefined for one that is made at its first use. */
  source?: string;
  digest?: string;
  /** ISO 8601. */
  created?: string;
  /** Why it cannot be used. */
  problem?: string;
};

/** All images by name, also those that would be made at their first use, and those whose record is torn. */
export const listImages = (paths: Paths): ImageListing[] =>
  names(paths).map((name) => listing(name, paths));

function listing(name: string, paths: Paths): ImageListing {
  try {
    const record = readRecord(name, paths);
    if (!record) return Object.hasOwn(builtin, name) ? { name } : { name, problem: "no record" };
    const { source, digest, created } = record;
    return { name, source, created, ...(digest === undefined ? {} : { digest }) };
  } catch (error) {
    if (!(error instanceof KontenerError)) throw error;
    return { name, problem: error.message };
  }
}

/** @throws KontenerError `NOT_FOUND` */
export async function removeImage(name: string, paths: Paths): Promise<void> {
  checkImageName(name);
  const { unstageImage } = await import("./stage.ts");
  if (await unstageImage(name, paths)) return;
  throw new KontenerError(`no image ${JSON.stringify(name)} to remove`, {
    code: "NOT_FOUND",
    hint: `there are ${names(paths).join(", ")}`,
  });
}

function names(paths: Paths): string[] {
  const found = new Set(Object.keys(builtin));
  for (const name of entries(imagesDirectory(paths))) if (!name.startsWith(".")) found.add(name);
  return [...found].toSorted();
}

function entries(directory: string): string[] {
  try {
    return list(directory);
  } catch {
    return []; // not there yet, or not ours to read
  }
}
