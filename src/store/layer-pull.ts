import { decompressStream } from "../image/compression.ts";
import type { ContentSource, TransferEvent } from "../image/content.ts";
import { damaged } from "../image/damaged.ts";
import { blobPath, type StoredLayer } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import type { Descriptor } from "../oci/image-spec.ts";
import { hasBlob, receiveBlob } from "./blobs.ts";
import { limitOf, Measured } from "./bounded.ts";
import { chainName, layerName, verifyHex } from "./digests.ts";
import { ensureLayer, findLayer } from "./layers.ts";
import { withBlobLock } from "./lock.ts";
import { openOverlay } from "./overlay.ts";
import { unpackLayer, unpackOver } from "./unpack-layer.ts";

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
  const layer = await withBlobLock(digest, paths, async () => {
    const there = findLayer(layerName(diffId), paths) ?? findLayer(chainName(chainId), paths);
    if (there && hasBlob(descriptor, paths)) {
      tell("exists");
      return there;
    }
    tell("started");
    const unpacked = there ?? (await unpackAlone(wanted, pulling));
    // It may have been unpacked from another compression of the same archive: what is pushed or saved is this one.
    if (!hasBlob(descriptor, paths)) await drain(arriving(wanted, pulling));
    return unpacked;
  });
  const whole = layer ?? (await unpackUpon(wanted, await below(), pulling));
  tell("done");
  return whole;
}

const unpackAlone = ({ descriptor, diffId, chainId }: Wanted, pulling: Pulling) =>
  ensureLayer(layerName(diffId), diffId, pulling.paths, async (staging) => {
    const stream = new Measured(
      decompressStream(arriving({ descriptor, diffId, chainId }, pulling)),
      limitOf(descriptor.size),
    );
    const { size, contained } = await unpackLayer(stream, `${staging}/rootfs`, pulling.say);
    verifyHex(stream.digest(), diffId, `${pulling.source.name}, layer ${descriptor.digest}`);
    pulling.onEvent({
      type: "layer",
      digest: descriptor.digest,
      size: descriptor.size,
      state: "unpacked",
    });
    return contained ? size : undefined;
  });

/** The layer over those below it; where there are none, the archive has to do, with what it implies. */
async function unpackUpon(
  { descriptor, diffId, chainId }: Wanted,
  lower: readonly StoredLayer[],
  { paths, say }: Pulling,
): Promise<StoredLayer> {
  const archive = () =>
    new Measured(
      decompressStream(Bun.file(blobPath(descriptor.digest, paths)).stream()),
      limitOf(descriptor.size),
    );
  const made = await ensureLayer(chainName(chainId), diffId, paths, async (staging) => {
    const names = [...new Set(lower.map(({ name }) => name))];
    if (names.length > 0) return await unpackOver(archive, openOverlay(names, staging, paths), say);
    const { size, broken } = await unpackLayer(archive(), `${staging}/rootfs`, say);
    if (broken) throw damaged(`layer ${descriptor.digest}: ${broken.message}`, broken);
    return size;
  });
  return made!;
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

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}
