import { isErrno, readText } from "../linux/files.ts";
import { KontenerError, invalid } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import type { ImageConfig } from "./image.ts";

/** `image.json`, beside a root file system: what it is. */
export type ImageRecord = {
  /** A URL, a path, or what it was made from. */
  source: string;
  /** Of the archive: an image with the same digest is the same image. */
  digest?: string | undefined;
  /** ISO 8601. */
  created: string;
  config: ImageConfig;
};

export const imagesDirectory = (paths: Paths): string => `${paths.lib}/images`;
export const imageDirectory = (name: string, paths: Paths): string =>
  `${imagesDirectory(paths)}/${name}`;

/** Names are file names: docker's letters, and never hidden. */
export const isImageName = (name: string): boolean => /^[a-z0-9][a-z0-9._-]{0,127}$/.test(name);

export function checkImageName(name: string): void {
  if (isImageName(name)) return;
  throw invalid(
    `${JSON.stringify(name)} is not an image's name`,
    "use small letters, digits, dots, dashes and underscores, a letter or digit first",
  );
}

/**
 * The record of an image; undefined where there is none.
 *
 * @throws KontenerError `IMAGE` that names the file, where it is torn or not a record
 */
export function readRecord(name: string, paths: Paths): ImageRecord | undefined {
  const path = `${imageDirectory(name, paths)}/image.json`;
  try {
    const record: unknown = JSON.parse(readText(path));
    if (isRecord(record)) return record;
  } catch (error) {
    // EACCES: without root, for which `--dry-run` asks, the images are as good as not there.
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new KontenerError(`${path} is not an image's record`, {
    code: "IMAGE",
    hint: `remove ${imageDirectory(name, paths)} and prepare the image again`,
  });
}

const isText = (value: unknown): value is string => typeof value === "string";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const optional = (test: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || test(value);

// By hand: a schema library would cost every start more than the check (valibot: 3 to 9 ms to load).
const recordFields = { source: isText, digest: optional(isText), created: isText };
const configFields = {
  Env: optional(isTexts),
  Entrypoint: optional(isTexts),
  Cmd: optional(isTexts),
  WorkingDir: optional(isText),
  User: optional(isText),
};

function fits(value: unknown, fields: Record<string, (value: unknown) => boolean>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const found = new Map<string, unknown>(Object.entries(value));
  return Object.entries(fields).every(([key, test]) => test(found.get(key)));
}

const isRecord = (value: unknown): value is ImageRecord =>
  fits(value, recordFields) && fits((value as { config?: unknown }).config, configFields);
