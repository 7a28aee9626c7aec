import { rmSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { decompressStream } from "../image/compression.ts";
import type { ContentSource, TransferEvent } from "../image/content.ts";
import { blobPath, type StoredLayer } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import type { Descriptor } from "../oci/image-spec.ts";
import { Arrival, drain, onceMore } from "./arrival.ts";
import { hasBlob, partPath, receiveBlob } from "./blobs.ts";
import { limitOf, Measured } from "./bounded.ts";
import { chainName, layerName, verifyHex } from "./digests.ts";
import { layerUpon } from "./layer-upon.ts";
import { ensureLayer, findLayer } from "./layers.ts";
import { withBlobLock } from "./lock.ts";
import { unpackLayer } from "./unpack-layer.ts";

/** One layer of an image. */
export type Wanted = {
  descriptor: Descriptor;
  diffId: string;
  chainId: string;
};

export type Pulling = {
  source: Pick<ContentSource, "name" | "stream">;
  paths: Paths;
  signal: AbortSignal;
  onEvent(event: TransferEvent): void;
  say(line: string): void;
};

/**
 * Gets a layer's blob and unpacks it while it arrives. `below` is fulfilled with the layers below it, uppermost first; it
 * is waited for only where the layer cannot be understood without them, after the download.
 */
export async function pullLayer(
  wanted: Wanted,
  below: () => Promise<StoredLayer[]>,
  pulling: Pulling,
): Promise<StoredLayer> {
  const { descriptor, diffId, chainId } = wanted;
  const { paths, onEvent } = pulling;
  const { digest, size } = descriptor;
  const tell = (state: "exists" | "started" | "unpacked" | "done") =>
    onEvent({ type: "layer", digest, size, state });
  const known = hasBlob(descriptor, paths);
  const found = await withBlobLock(digest, paths, async () => {
    const there = findLayer(layerName(diffId), paths) ?? findLayer(chainName(chainId), paths);
    if (there && hasBlob(descriptor, paths)) return { there };
    tell("started");
    const layer = there ?? (await onceMore(digest, pulling, () => unpackAlone(wanted, pulling)));
    // It may have been unpacked from another compression of the same archive: what is pushed or saved is this one.
    if (!hasBlob(descriptor, paths))
      await onceMore(digest, pulling, () => drain(arriving(wanted, pulling)));
    return { layer };
  });
  if (found.there) {
    tell("exists");
    return found.there;
  }
  const layer = found.layer ?? (await unpackUpon(wanted, await below(), known, pulling));
  tell("done");
  return layer;
}

/** Unpacks the layer by itself; undefined where it needs those below it. */
async function unpackAlone(wanted: Wanted, pulling: Pulling): Promise<StoredLayer | undefined> {
  const { descriptor, diffId } = wanted;
  const { digest, size } = descriptor;
  const { source, paths, say, onEvent } = pulling;
  const known = hasBlob(descriptor, paths);
  const bytes = new Arrival(arriving(wanted, pulling));
  try {
    return await ensureLayer(layerName(diffId), diffId, paths, async (staging) => {
      const stream = new Measured(decompressStream(bytes), limitOf(size));
      const unpacked = await unpackLayer(stream, `${staging}/rootfs`, say);
      verifyHex(stream.digest(), diffId, `${source.name}, layer ${digest}`);
      onEvent({ type: "layer", digest, size, state: "unpacked" });
      return unpacked.contained ? unpacked.size : undefined;
    });
  } catch (error) {
    // What was unpacked was not verified yet: whether it is the layer at all goes before what it means.
    if (isRefusal(error)) await bytes.toTheEnd();
    if (bytes.failure !== undefined) throw bytes.failure;
    if (!known && isRefusal(error)) discard(digest, paths);
    throw error;
  } finally {
    await bytes.close();
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof KontenerError && error.code === "IMAGE";

/** Nobody wants the rest of an archive that is refused. */
function discard(digest: string, paths: Paths): void {
  for (const path of [partPath(digest, paths), blobPath(digest, paths)])
    rmSync(path, { force: true });
}

async function unpackUpon(
  { descriptor, diffId, chainId }: Wanted,
  below: readonly StoredLayer[],
  known: boolean,
  { paths, say }: Pulling,
): Promise<StoredLayer> {
  const { digest, size } = descriptor;
  const archive = () =>
    new Measured(decompressStream(Bun.file(blobPath(digest, paths)).stream()), limitOf(size));
  const lower = [...new Set(below.map(({ name }) => name))];
  try {
    return await layerUpon({ lower, name: chainName(chainId), diffId, archive, paths, say });
  } catch (error) {
    if (!known && isRefusal(error))
      await withBlobLock(digest, paths, async () => discard(digest, paths));
    throw error;
  }
}

/** The blob's bytes: from the store where they are there, else from the source, and kept. */
function arriving({ descriptor }: Wanted, pulling: Pulling): AsyncIterable<Uint8Array> {
  const { source, paths, signal, onEvent } = pulling;
  const { digest } = descriptor;
  if (hasBlob(descriptor, paths)) return Bun.file(blobPath(digest, paths)).stream();
  return receiveBlob(
    descriptor,
    (offset) => source.stream(descriptor, offset, signal),
    source.name,
    paths,
    (received) => {
      signal.throwIfAborted();
      onEvent({ type: "bytes", digest, received });
    },
  );
}
