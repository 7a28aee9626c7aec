import { archOf } from "../abi/syscall.ts";
import type { ContentSource, TransferEvent } from "../image/content.ts";
import { splitReference, type StoredImage, type StoredLayer } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import type { Platform } from "../oci/image-spec.ts";
import { hostPlatform } from "../oci/platform.ts";
import { writeBlob } from "./blobs.ts";
import { chainIds } from "./digests.ts";
import { pullLayer, type Wanted } from "./layer-pull.ts";
import { adding } from "./lock.ts";
import { Places } from "./places.ts";
import { recordImage } from "./records.ts";
import { resolveImage, type Resolved } from "./resolve.ts";

/** So many layers arrive at once, as in docker. */
const PARALLEL = 3;

export type PullOptions = {
  paths: Paths;
  /** The whole reference that it gets here; without one it is found by its id only. */
  name?: string | undefined;
  /** This machine's. */
  platform?: Platform | undefined;
  onEvent?: ((event: TransferEvent) => void) | undefined;
  /** What could not be kept exactly, a line each. */
  say?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * Brings an image from a source into the store. What is there already is not asked for; what is half there is gone on from;
 * two at once do the work once. Cut off at any point it leaves a store that the next one completes.
 *
 * @throws KontenerError `IMAGE` where the source sends something else than the digests say, or what is no image;
 * `NOT_FOUND` where there is nothing for the platform
 */
export async function pullImage(source: ContentSource, options: PullOptions): Promise<StoredImage> {
  const { paths, name, platform = hostPlatform(archOf(process.arch)) } = options;
  return await adding(paths, async () => {
    const resolved = await resolveImage(source, platform);
    const layers = await pullLayers(source, resolved, options);
    writeBlob(resolved.manifest.bytes, paths);
    writeBlob(resolved.config.bytes, paths);
    const tags = name === undefined ? [] : [name, atDigest(name, resolved.root)];
    const { digest } = resolved.manifest;
    return recordImage(
      resolved.config.bytes,
      resolved.config.parsed,
      { digest, layers: layers.toReversed() },
      tags,
      paths,
    );
  });
}

/** The name under which what was pulled by tag is found by its digest as well. */
const atDigest = (name: string, digest: string): string =>
  `${splitReference(name).repository}@${digest}`;

async function pullLayers(
  source: ContentSource,
  { manifest, config }: Resolved,
  { paths, onEvent = () => {}, say = () => {}, signal }: PullOptions,
): Promise<StoredLayer[]> {
  const stop = new AbortController();
  const pulling = {
    source,
    paths,
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    onEvent,
    say,
  };
  const diffIds = config.parsed.rootfs.diff_ids;
  const chain = chainIds(diffIds);
  const places = new Places(PARALLEL);
  const layers: Promise<StoredLayer>[] = [];
  for (const [i, descriptor] of manifest.parsed.layers.entries()) {
    const wanted: Wanted = { descriptor, diffId: diffIds[i]!, chainId: chain[i]! };
    const below = async () => (await Promise.all(layers.slice(0, i))).toReversed();
    layers.push(
      places.take(() => {
        pulling.signal.throwIfAborted();
        return pullLayer(wanted, below, pulling);
      }),
    );
  }
  try {
    return await Promise.all(layers);
  } catch (error) {
    stop.abort(error); // the first that failed is told; the others stop where they are
    await Promise.allSettled(layers);
    throw error;
  }
}
