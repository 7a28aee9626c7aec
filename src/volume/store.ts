import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { isErrno, rename } from "../linux/files.ts";
import { withLock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { checkVolumeName } from "../spec/volume-name.ts";
import { dataOf, imagePlace, takeDown, volumeDirectory, volumesDirectory } from "./paths.ts";

/**
 * Volumes, as they lie on the disk:
 *
 *   <lib>/volumes/<name>/volume.json   this
 *   <lib>/volumes/<name>/_data         its files, with their owners as the containers see them
 *   <lib>/volumes/<name>/filling       there: what the image has is being copied into it
 *   <lib>/volumes/<name>/image         the image, mounted for a moment while that is so
 *   <lib>/volumes/<name>/lock          held while it is filled
 *   <lib>/volumes/.lock                held while one is made or removed
 */
export type Volume = {
  name: string;
  /** ISO 8601. */
  created: string;
  labels: Record<string, string>;
};

/** One at a time, across processes. */
export async function withVolumes<T>(paths: Paths, work: () => T | Promise<T>): Promise<T> {
  mkdirSync(volumesDirectory(paths), { recursive: true, mode: 0o711 });
  return await withLock(`${volumesDirectory(paths)}/.lock`, work);
}

/**
 * While this one is filled, others can be made and filled. Nobody removes it: whoever fills it has a record that names it.
 */
export const whileFilling = async (
  name: string,
  paths: Paths,
  work: () => Promise<void>,
): Promise<void> => await withLock(`${volumeDirectory(name, paths)}/lock`, work);

/** undefined where there is none. @throws KontenerError `INVALID` where its file is torn */
export function readVolume(name: string, paths: Paths): Volume | undefined {
  const file = `${volumeDirectory(name, paths)}/volume.json`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  try {
    return check(JSON.parse(text), name);
  } catch (cause) {
    throw new KontenerError(`${file} does not describe a volume: ${(cause as Error).message}`, {
      code: "INVALID",
      hint: `its files are in ${dataOf(name, paths)}; kontener volume rm ${name} removes all of it`,
      cause,
    });
  }
}

function check(value: unknown, name: string): Volume {
  const volume = value as Volume | null;
  if (typeof volume !== "object" || volume?.name !== name || typeof volume.created !== "string")
    throw new Error("it is not what kontener writes");
  return { name, created: volume.created, labels: { ...volume.labels } };
}

/** All of them, by name; `torn` is told of those whose file cannot be read. */
export function listVolumes(paths: Paths, torn: (error: unknown) => void): Volume[] {
  return names(paths).flatMap((name) => {
    try {
      return readVolume(name, paths) ?? [];
    } catch (error) {
      torn(error);
      return [];
    }
  });
}

function names(paths: Paths): string[] {
  try {
    return readdirSync(volumesDirectory(paths))
      .filter((name) => !name.startsWith("."))
      .toSorted();
  } catch {
    return [];
  }
}

/** The volume of that name, made where it is not there. Needs the lock of {@link withVolumes}. */
export function ensureVolume(
  name: string,
  paths: Paths,
  labels: Record<string, string> = {},
): { volume: Volume; made: boolean } {
  checkVolumeName(name);
  const there = readVolume(name, paths);
  if (there) return { volume: there, made: false };
  const volume: Volume = { name, created: new Date().toISOString(), labels };
  // Beside, and renamed: half a volume is none. One that a crash has left is in the way only until now.
  const young = `${volumesDirectory(paths)}/.new-${name}`;
  rmSync(young, { recursive: true, force: true });
  mkdirSync(`${young}/_data`, { recursive: true, mode: 0o755 });
  writeFileSync(`${young}/volume.json`, `${JSON.stringify(volume)}\n`);
  rename(young, volumeDirectory(name, paths));
  return { volume, made: true };
}

/** Takes a volume away, with all files; false where there is none. Needs the lock. */
export function deleteVolume(name: string, paths: Paths): boolean {
  const old = `${volumesDirectory(paths)}/.old-${name}`;
  rmSync(old, { recursive: true, force: true });
  takeDown(imagePlace(name, paths));
  try {
    rename(volumeDirectory(name, paths), old);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
  return true;
}
