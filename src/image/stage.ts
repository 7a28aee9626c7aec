import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { KontenerError, SyscallError } from "../abi/error.ts";
import { AT_FDCWD } from "../abi/open.ts";
import { call } from "../linux/libc.ts";
import { tryLock, unlock, withLock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { imageDirectory, imagesDirectory, type ImageRecord } from "./record.ts";

const RENAME_EXCHANGE = 2;

const stagingDirectory = (name: string, paths: Paths): string =>
  `${imagesDirectory(paths)}/.tmp-${name}`;

const lockFile = (name: string, paths: Paths): string => `${imagesDirectory(paths)}/.lock-${name}`;

/** Runs `fn` while nobody else prepares or removes the image `name`. What processes that died left is removed first. */
export async function withImageLock<T>(
  name: string,
  paths: Paths,
  fn: () => Promise<T>,
): Promise<T> {
  makeStore(paths);
  return await withLock(lockFile(name, paths), async () => {
    await removeLeftovers(name, paths);
    return await fn();
  });
}

/** A half-made image whose lock nobody holds is nobody's: locks end with their holder. */
async function removeLeftovers(locked: string, paths: Paths): Promise<void> {
  for (const entry of readdirSync(imagesDirectory(paths))) {
    const name = /^\.tmp-(.*)$/.exec(entry)?.[1];
    if (name === undefined) continue;
    const lock = name === locked ? undefined : tryLock(lockFile(name, paths));
    if (name === locked || lock !== undefined)
      await rm(stagingDirectory(name, paths), { recursive: true, force: true });
    if (lock !== undefined) unlock(lock);
  }
}

function makeStore(paths: Paths): void {
  try {
    mkdirSync(paths.lib, { recursive: true });
    // Not for other users: an image may hold old set-id programs (CVE-2021-41091).
    mkdirSync(imagesDirectory(paths), { recursive: true, mode: 0o700 });
    accessSync(imagesDirectory(paths), constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new KontenerError(`cannot write to ${imagesDirectory(paths)}: ${code}`, {
      code: "IMAGE",
      hint: "try again with sudo, or set KONTENER_LIB to a directory of your own",
      cause,
    });
  }
}

/**
 * Makes an image, all or nothing: `fill` makes the root file system in a directory beside, which then takes the image's
 * place in one rename. Call it under {@link withImageLock}.
 */
export async function stageImage(
  name: string,
  paths: Paths,
  record: ImageRecord,
  fill: (rootfs: string) => void | Promise<void>,
): Promise<void> {
  const staging = stagingDirectory(name, paths);
  const rootfs = `${staging}/rootfs`;
  try {
    mkdirSync(rootfs, { recursive: true });
    chmodSync(rootfs, 0o755);
    await fill(rootfs);
    writeFileSync(`${staging}/image.json`, `${JSON.stringify(record, undefined, 2)}\n`);
    flush(staging);
    const final = imageDirectory(name, paths);
    if (existsSync(final)) call("renameat2", AT_FDCWD, staging, AT_FDCWD, final, RENAME_EXCHANGE);
    else renameSync(staging, final);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(name, paths, error) : error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Removes an image: out of sight at once, then file by file. False where there is none. */
export async function unstageImage(name: string, paths: Paths): Promise<boolean> {
  return await withImageLock(name, paths, async () => {
    if (!existsSync(imageDirectory(name, paths))) return false;
    const staging = stagingDirectory(name, paths);
    renameSync(imageDirectory(name, paths), staging);
    await rm(staging, { recursive: true });
    return true;
  });
}

/** After a power cut a renamed directory must not be there without its files' contents: syncfs(2). */
function flush(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    call("syncfs", fd);
  } finally {
    closeSync(fd);
  }
}

export function isDiskFull(error: unknown): boolean {
  const name = error instanceof SyscallError ? error.errno : (error as NodeJS.ErrnoException).code;
  return name === "ENOSPC" || name === "EDQUOT";
}

export const diskFull = (name: string, paths: Paths, cause: unknown): KontenerError =>
  new KontenerError(`the disk is full: no room for the image ${name} in ${paths.lib}`, {
    code: "IMAGE",
    hint: `nothing is left of it; make room there, or set KONTENER_LIB to a directory with more`,
    cause,
  });
