import { mkdirSync } from "node:fs";
import { readText, tryReadText, writeText } from "../linux/files.ts";
import { tryLock, unlock, withLock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import {
  blobPath,
  layersDirectory,
  recordsDirectory,
  storeDirectory,
  tagsDirectory,
} from "../image/stored.ts";

/*
 * One lock for the whole store: whoever adds to it shares it, whoever looks for garbage has it alone. So what is garbage
 * cannot become part of an image while it is being removed. Within a shared hold, a blob and a layer each have a lock of
 * their own (blob first, then layer), so that two who want the same do the work once.
 */

const lockFile = (paths: Paths): string => `${storeDirectory(paths)}/lock`;

/** Runs `fn` while nothing is removed from the store. */
export async function adding<T>(paths: Paths, fn: () => Promise<T>): Promise<T> {
  makeStore(paths);
  await afterReboot(paths);
  return await withLock(lockFile(paths), fn, true);
}

/** Runs `fn` while nobody adds to the store. */
export async function alone<T>(paths: Paths, fn: () => T | Promise<T>): Promise<T> {
  makeStore(paths);
  return await withLock(lockFile(paths), fn);
}

/** The same, where it can be done at once; undefined where somebody is adding. */
export async function aloneNow<T>(paths: Paths, fn: () => T | Promise<T>): Promise<T | undefined> {
  makeStore(paths);
  const fd = tryLock(lockFile(paths));
  if (fd === undefined) return undefined;
  try {
    return await fn();
  } finally {
    unlock(fd);
  }
}

/** Runs `fn` while nobody else removes images. */
export async function removing<T>(paths: Paths, fn: () => Promise<T>): Promise<T> {
  makeStore(paths);
  return await withLock(`${storeDirectory(paths)}/remove.lock`, fn);
}

export const withBlobLock = <T>(digest: string, paths: Paths, fn: () => Promise<T>): Promise<T> =>
  withLock(`${storeDirectory(paths)}/locks/${digest.replace(":", "-")}`, fn);

export const withLayerLock = <T>(name: string, paths: Paths, fn: () => Promise<T>): Promise<T> =>
  withLock(`${storeDirectory(paths)}/locks/${name}`, fn);

function makeStore(paths: Paths): void {
  mkdirSync(paths.lib, { recursive: true });
  // Not for other users: an image may hold old set-id programs (CVE-2021-41091).
  mkdirSync(storeDirectory(paths), { recursive: true, mode: 0o700 });
  const directories = [
    layersDirectory(paths),
    recordsDirectory(paths),
    tagsDirectory(paths),
    blobPath("sha256:", paths),
    `${storeDirectory(paths)}/locks`,
  ];
  for (const directory of directories) mkdirSync(directory, { recursive: true });
}

/**
 * A record is written after syncfs(2), so what it reaches is whole. What no record reaches yet may have been torn by a
 * power cut: it is not gone on from.
 */
async function afterReboot(paths: Paths): Promise<void> {
  const file = `${storeDirectory(paths)}/boot`;
  const boot = readText("/proc/sys/kernel/random/boot_id");
  if (tryReadText(file) === boot) return;
  const { sweep } = await import("./sweep.ts");
  await aloneNow(paths, () => {
    sweep(paths, { parts: false });
    writeText(file, boot, 0o600);
  });
}
