import { existsSync, renameSync, rmSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { readStored, recordFile, splitReference, type StoredImage } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import { familiarName } from "../oci/reference.ts";
import { alone, aloneNow, removing } from "./lock.ts";
import { openImage } from "./open.ts";
import { listStored, listTags, referencesOf, removeTag } from "./records.ts";
import { reachedBy, sweep } from "./sweep.ts";

/** Names of the containers that were made from an image: whoever removes one asks the engine. */
export type Users = (id: string) => string[];

export type Removed = { untagged: string[]; deleted: string | undefined };

/**
 * Takes a name away, and with its last one the image, with all that no other image needs; by id, which `force` makes
 * possible where it has several names, all of them. One that containers were made from stays, whatever is forced: they would
 * lose their files.
 *
 * @throws KontenerError `NOT_FOUND`, `CONFLICT`
 */
export async function removeImage(
  word: string,
  { paths, users, force = false }: { paths: Paths; users: Users; force?: boolean },
): Promise<Removed> {
  return await removing(paths, async () => await remove(word, paths, users, force));
}

async function remove(word: string, paths: Paths, users: Users, force: boolean): Promise<Removed> {
  const { image, name } = openImage(word, paths);
  const { id } = image;
  const tags = referencesOf(id, paths, true);
  if (name !== undefined && tags.some((tag) => tag !== name)) {
    const untagged = [name, ...digestNames(name, id, tags, paths)];
    return { untagged: untagged.filter((tag) => removeTag(tag, paths)), deleted: undefined };
  }
  if (tags.length > 1 && !force)
    throw new KontenerError(
      `image ${word} has several names: ${tags.map(familiarName).join(", ")}`,
      {
        code: "CONFLICT",
        hint: "remove them by name, or all of them with -f",
        exitCode: 1,
      },
    );
  const all = referencesOf(id, paths);
  forget(image, paths, users);
  for (const tag of all) removeTag(tag, paths);
  await aloneNow(paths, () => void sweep(paths, { parts: false, only: reachedBy([image], paths) }));
  return { untagged: all, deleted: id };
}

/** What a repository's digest still names, once its last tag is gone. */
function digestNames(name: string, id: string, tags: readonly string[], paths: Paths): string[] {
  const { repository } = splitReference(name);
  if (tags.some((tag) => tag !== name && splitReference(tag).repository === repository)) return [];
  return referencesOf(id, paths).filter((tag) => tag.startsWith(`${repository}@`));
}

/**
 * Takes an image's record away, unless a container was made from it. One that is being made writes its own record first and
 * looks for the image's after that; here it is the other way round: one of the two sees the other.
 */
function forget({ id }: StoredImage, paths: Paths, users: Users): void {
  const file = recordFile(id, paths);
  const aside = file.replace(/\/([^/]+)$/, "/.old-$1");
  renameSync(file, aside);
  const names = users(id);
  if (names.length === 0) return rmSync(aside, { force: true });
  if (existsSync(aside)) renameSync(aside, file);
  throw new KontenerError(
    `image ${id.slice(7, 19)} is used by ${names.length === 1 ? "container" : "containers"} ${names.join(", ")}`,
    { code: "CONFLICT", hint: "remove what was made from it first: kontener rm NAME", exitCode: 1 },
  );
}

export type Pruned = { deleted: string[]; untagged: string[]; bytes: number };

/**
 * Removes images that have no tag (`all`: every image that no container was made from), and all that none needs: also what
 * pulls that were cut off have left. Waits until nobody adds to the store.
 */
export async function pruneImages({
  paths,
  users,
  all = false,
  dryRun = false,
}: {
  paths: Paths;
  users: Users;
  all?: boolean;
  dryRun?: boolean;
}): Promise<Pruned> {
  return await removing(paths, () => alone(paths, () => prune(paths, users, all, dryRun)));
}

function prune(paths: Paths, users: Users, all: boolean, dryRun: boolean): Pruned {
  const pruned: Pruned = { deleted: [], untagged: [], bytes: 0 };
  for (const { image, references } of listStored(paths, () => {})) {
    const tagged = references.some((reference) => !reference.includes("@"));
    if ((tagged && !all) || users(image.id).length > 0) continue;
    if (!dryRun && !tryForget(image, paths, users)) continue;
    pruned.deleted.push(image.id);
    pruned.untagged.push(...references);
    if (!dryRun) for (const reference of references) removeTag(reference, paths);
  }
  if (dryRun) return pruned;
  // Names of images that are gone: whoever removed those was killed in between.
  for (const { reference, id } of listTags(paths))
    if (!readStored(id, paths)) removeTag(reference, paths);
  pruned.bytes = sweep(paths, { parts: true }).bytes;
  return pruned;
}

function tryForget(image: StoredImage, paths: Paths, users: Users): boolean {
  try {
    forget(image, paths, users);
    return true;
  } catch (error) {
    if (error instanceof KontenerError && error.code === "CONFLICT") return false;
    throw error;
  }
}
