import { existsSync, statSync } from "node:fs";
import { KontenerError, invalid } from "../abi/error.ts";
import type { ContentSource } from "../image/content.ts";
import type { StoredImage } from "../image/stored.ts";
import { wholeName } from "../oci/reference.ts";
import {
  archiveFiles,
  directoryFiles,
  plainArchive,
  Spooled,
  type LayoutFiles,
} from "./archive-files.ts";
import { dockerImages } from "./docker-archive.ts";
import { adding } from "./lock.ts";
import { layoutImages } from "./oci-layout.ts";
import { pullImage, type PullOptions } from "./pull.ts";
import { writeTag } from "./records.ts";

export type Loaded = { image: StoredImage; names: string[] };

/**
 * Loads the images of an archive (`docker save`'s, an OCI layout's, compressed or not), of an OCI layout's directory, or of
 * what comes through a pipe. `input`: a path, or the pipe.
 *
 * @throws KontenerError `NOT_FOUND`; `IMAGE` where it is none of these
 */
export async function loadImages(
  input: string | AsyncIterable<Uint8Array>,
  options: Omit<PullOptions, "name">,
): Promise<Loaded[]> {
  const { paths } = options;
  return await adding(paths, async () => {
    if (typeof input !== "string") {
      using spooled = await Spooled.from(input, paths);
      using plain = await archiveOf(spooled.path, options);
      return await loadAll(await archiveFiles(plain.path, "standard input"), options);
    }
    if (!existsSync(input))
      throw new KontenerError(`there is no ${input}`, { code: "NOT_FOUND", exitCode: 1 });
    if (statSync(input).isDirectory()) return await loadAll(directoryFiles(input), options);
    if (!statSync(input).isFile()) throw invalid(`${input} is neither a file nor a directory`);
    using plain = await archiveOf(input, options);
    return await loadAll(await archiveFiles(plain.path, input), options);
  });
}

async function archiveOf(path: string, { paths }: Pick<PullOptions, "paths">) {
  const plain = await plainArchive(path, paths);
  return { path: plain.path, [Symbol.dispose]: () => plain[Symbol.dispose]?.() };
}

async function loadAll(files: LayoutFiles, options: Omit<PullOptions, "name">): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  for (const { names, source } of await imagesOf(files)) {
    const [first, ...others] = names.flatMap((name) => soundName(name));
    const image = await pullImage(source, { ...options, name: first });
    for (const name of others) writeTag(name, image.id, options.paths);
    loaded.push({ image, names: first === undefined ? [] : [first, ...others] });
  }
  return loaded;
}

async function imagesOf(files: LayoutFiles): Promise<{ names: string[]; source: ContentSource }[]> {
  // What has both is an OCI layout, with manifest.json for older readers: the layout is exact.
  if (files.has("index.json"))
    return (await layoutImages(files)).map(({ name, source }) => ({
      names: name === undefined ? [] : [name],
      source,
    }));
  if (files.has("manifest.json")) return await dockerImages(files);
  throw new KontenerError(`${files.name} holds no images: neither index.json nor manifest.json`, {
    code: "IMAGE",
    hint: "a root file system becomes an image with kontener import FILE NAME",
  });
}

/** A name from somebody else's file; what is none is left out. */
function soundName(name: string): string[] {
  try {
    return [wholeName(name)];
  } catch (error) {
    if (error instanceof KontenerError) return [];
    throw error;
  }
}
