import { mkdirSync, rmSync } from "node:fs";
import { invalid, KontenerError } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import { decompress } from "./compression.ts";
import { copyTree } from "./copy-tree.ts";
import { formatDigest } from "./digest.ts";
import { download, type Progress } from "./download.ts";
import type { Image } from "./image.ts";
import { checkImageName, readRecord, type ImageRecord } from "./record.ts";
import { sourceOf, type Source, type SourceRequest } from "./source.ts";
import { diskFull, isDiskFull, stageImage, withImageLock } from "./stage.ts";
import { findImage, storedImage } from "./store.ts";
import { unpack } from "./unpack.ts";

export type PrepareRequest = SourceRequest & {
  /** Milliseconds for a server to answer: 8,000. */
  patience?: number | undefined;
  /** What a user should know, a line each. */
  say?: ((line: string) => void) | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
};

export type Prepared = {
  image: Image;
  /** False where it was there already. */
  fresh: boolean;
};

/**
 * Makes an image, unless it is there from the same source. Two at once do the work once; what fails leaves nothing but the
 * beginning of a download.
 *
 * @throws DownloadError where a mirror cannot be reached
 * @throws KontenerError `INVALID`, `NOT_FOUND`, or `IMAGE` where the source cannot be used
 */
export async function prepareImage(request: PrepareRequest, paths: Paths): Promise<Prepared> {
  const { name } = request;
  checkImageName(name);
  try {
    if (name === "busybox" || name === "host") return await builtinImage(request, paths);
    return await ordinaryImage(await sourceOf(request, paths), request, paths);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new KontenerError(`cannot prepare ${name}: ${error.message}`, {
      code: "IMAGE",
      cause: error,
    });
  }
}

/** What node:fs throws: "EACCES: permission denied, open '/x'". */
const isErrno = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && !(error instanceof KontenerError) && "syscall" in error;

async function ordinaryImage(
  source: Source,
  request: PrepareRequest,
  paths: Paths,
): Promise<Prepared> {
  const { name, say = () => {} } = request;
  const { location, config } = source;
  const digest = source.digest && formatDigest(source.digest);
  return await withImageLock(name, paths, async () => {
    if (digest !== undefined && soundRecord(name, paths)?.digest === digest)
      return { image: storedImage(name, paths)!, fresh: false };
    const record = { source: location, digest, created: new Date().toISOString(), config };
    if (source.kind === "url") await fromUrl(source, record, request, paths);
    else {
      await stageImage(name, paths, record, async (rootfs) => {
        if (source.kind === "archive") await unpackFile(location, location, rootfs, say);
        else await copyTree(location, rootfs, say);
      });
    }
    return { image: storedImage(name, paths)!, fresh: true };
  });
}

async function builtinImage({ name, from }: PrepareRequest, paths: Paths): Promise<Prepared> {
  if (from !== undefined) throw invalid(`${name} is built in`, "choose another name for yours");
  const fresh = soundRecord(name, paths) === undefined;
  return { image: await findImage(name, paths), fresh };
}

async function fromUrl(
  { location, digest }: Source & { kind: "url" },
  record: ImageRecord,
  request: PrepareRequest,
  paths: Paths,
): Promise<void> {
  const { name, onProgress, patience, say = () => {} } = request;
  const directory = `${paths.lib}/downloads`;
  // The digest is in its name, so that what came of another version is not gone on from.
  const part = `${directory}/${name}-${digest.hex.slice(0, 16)}.part`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  say(`getting ${name} from ${location}`);
  try {
    await download(location, part, { digest, onProgress, patience });
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    rmSync(part, { force: true });
    throw diskFull(name, paths, error);
  }
  try {
    await stageImage(name, paths, record, (rootfs) => unpackFile(part, location, rootfs, say));
  } finally {
    rmSync(part);
  }
}

async function unpackFile(
  path: string,
  location: string,
  rootfs: string,
  say: (line: string) => void,
): Promise<void> {
  try {
    await unpack(decompress(path), rootfs, say);
  } catch (error) {
    if (!(error instanceof KontenerError) || isDiskFull(error)) throw error;
    const { code, hint, message } = error;
    throw new KontenerError(`cannot unpack ${location}: ${message}`, { code, hint, cause: error });
  }
}

/** A torn record is as good as none to who makes the image anew. */
function soundRecord(name: string, paths: Paths): ImageRecord | undefined {
  try {
    return readRecord(name, paths);
  } catch (error) {
    if (error instanceof KontenerError) return undefined;
    throw error;
  }
}
