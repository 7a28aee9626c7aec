import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { KontenerError } from "../abi/error.ts";
import {
  readStored,
  readTag,
  recordFile,
  splitReference,
  storeDirectory,
  storedIds,
  tagFile,
  tagsDirectory,
  type StoredImage,
} from "../image/stored.ts";
import { call } from "../linux/libc.ts";
import type { Paths } from "../linux/paths.ts";
import type { ImageFile } from "../oci/image-spec.ts";
import { configOf } from "./config.ts";
import { sha256 } from "./digests.ts";

/**
 * Makes an image of what is in the store: its layers and blobs are written out, then comes the record, then the names. Under
 * `adding`.
 */
export function recordImage(
  configBytes: Uint8Array,
  file: ImageFile,
  parts: Pick<StoredImage, "digest" | "layers">,
  tags: readonly string[],
  paths: Paths,
): StoredImage {
  const { os, architecture, variant, created } = file;
  const record: StoredImage = {
    id: sha256(configBytes),
    ...parts,
    ...(created === undefined ? {} : { created }),
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    config: configOf(file),
  };
  flush(paths);
  writeWhole(recordFile(record.id, paths), JSON.stringify(record));
  for (const tag of tags) writeTag(tag, record.id, paths);
  return record;
}

/** After a power cut a record must not be there without what it reaches: syncfs(2). */
function flush(paths: Paths): void {
  const fd = openSync(storeDirectory(paths), "r");
  try {
    call("syncfs", fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives an image one more name; one that was another image's is that one's no more, as in docker. */
export function writeTag(reference: string, id: string, paths: Paths): void {
  const file = tagFile(reference, paths);
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, `${id}\n`);
}

/** Takes a name away, and the directories that are empty then. False where there was none. */
export function removeTag(reference: string, paths: Paths): boolean {
  const file = tagFile(reference, paths);
  if (readTag(reference, paths) === undefined) return false;
  rmSync(file, { force: true });
  try {
    for (let at = dirname(file); at !== tagsDirectory(paths); at = dirname(at)) rmdirSync(at);
  } catch {
    // there are other names below
  }
  return true;
}

function writeWhole(file: string, text: string): void {
  const beside = `${dirname(file)}/.new-${process.pid}`;
  writeFileSync(beside, text, { mode: 0o600 });
  renameSync(beside, file);
}

export type ListedImage = {
  image: StoredImage;
  /** Whole references, `repository:tag` and `repository@digest`. */
  references: string[];
};

/** All images, the youngest first; one whose record is torn is told of and left out. */
export function listStored(paths: Paths, broken: (error: KontenerError) => void): ListedImage[] {
  const references = Map.groupBy(listTags(paths), ({ id }) => id);
  return storedIds(paths)
    .flatMap((id) => {
      try {
        const image = readStored(id, paths);
        const names = (references.get(id) ?? []).map(({ reference }) => reference).toSorted();
        return image ? [{ image, references: names }] : [];
      } catch (error) {
        if (!(error instanceof KontenerError)) throw error;
        broken(error);
        return [];
      }
    })
    .toSorted((a, b) => (b.image.created ?? "").localeCompare(a.image.created ?? ""));
}

export function listTags(paths: Paths): { reference: string; id: string }[] {
  const root = tagsDirectory(paths);
  const found: { reference: string; id: string }[] = [];
  const visit = (repository: string): void => {
    for (const entry of entries(`${root}/${repository}`)) {
      const name = entry.name;
      if (entry.isDirectory()) visit(repository === "" ? name : `${repository}/${name}`);
      else if (!name.startsWith(".")) {
        const id = readTag(`${repository}${name}`, paths);
        if (id !== undefined) found.push({ reference: `${repository}${name}`, id });
      }
    }
  };
  visit("");
  return found;
}

function entries(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // not there yet, or no more
  }
}

/** The names of an image; `tagged`: without those by digest, which do not keep an image from being pruned. */
export const referencesOf = (id: string, paths: Paths, tagged = false): string[] =>
  listTags(paths)
    .filter((tag) => tag.id === id && !(tagged && splitReference(tag.reference).label[0] === "@"))
    .map(({ reference }) => reference)
    .toSorted();
