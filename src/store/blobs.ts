import { mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { PartFile } from "../image/part-file.ts";
import { blobPath } from "../image/stored.ts";
import { writeBytes } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { Descriptor } from "../oci/image-spec.ts";
import { sha256, verifyHex, verifySize } from "./digests.ts";

/** The beginning of a blob that is not whole yet; the next pull goes on from it. */
export const partPath = (digest: string, paths: Paths): string =>
  blobPath(digest.replace(":", ":.part-"), paths);

export function hasBlob(
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  paths: Paths,
): boolean {
  return statSync(blobPath(digest, paths), { throwIfNoEntry: false })?.size === size;
}

/** @throws KontenerError `NOT_FOUND` */
export function readBlob(digest: string, paths: Paths): Buffer {
  try {
    return readFileSync(blobPath(digest, paths));
  } catch (cause) {
    throw new KontenerError(`the store has no ${digest}`, {
      code: "NOT_FOUND",
      hint: "pull the image again",
      cause,
    });
  }
}

/** Keeps a small blob: a manifest, a config. Returns its digest. */
export function writeBlob(bytes: Uint8Array, paths: Paths): string {
  const digest = sha256(bytes);
  if (hasBlob({ digest, size: bytes.length }, paths)) return digest;
  const path = blobPath(digest, paths);
  const beside = `${blobPath("sha256:", paths)}/.new-${process.pid}-${Bun.randomUUIDv7()}`;
  mkdirSync(blobPath("sha256:", paths), { recursive: true });
  writeBytes(beside, bytes, 0o600);
  renameSync(beside, path);
  return digest;
}

type Stream = (offset: number) => Promise<ReadableStream<Uint8Array>>;

/**
 * A blob's bytes while they arrive: first those that an earlier attempt has left, then the rest, which is kept. At the end
 * size and digest are verified and the blob takes its place; whoever reads on to the end may trust what it got. Needs the
 * blob's lock.
 */
export async function* receiveBlob(
  descriptor: Descriptor,
  open: Stream,
  from: string,
  paths: Paths,
  received: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const { digest, size } = descriptor;
  const path = partPath(digest, paths);
  const kept = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (kept > size) rmSync(path);
  let whole = false;
  try {
    using part = await PartFile.open(path, "sha256");
    if (part.size > 0) {
      received(part.size);
      yield* Bun.file(path).slice(0, part.size).stream();
    }
    if (part.size < size) {
      for await (const chunk of await open(part.size)) {
        if (part.size + chunk.length > size) verifySize(part.size + chunk.length, descriptor, from);
        part.append(chunk);
        received(part.size);
        yield chunk;
      }
    }
    whole = true;
    verifySize(part.size, descriptor, from);
    verifyHex(`sha256:${part.hex()}`, digest, from);
    renameSync(path, blobPath(digest, paths));
  } catch (error) {
    // Wrong bytes are not gone on from; those that only ended early are.
    if (whole && (statSync(path, { throwIfNoEntry: false })?.size ?? size) >= size)
      rmSync(path, { force: true });
    throw error;
  }
}
