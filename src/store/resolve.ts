import { KontenerError } from "../abi/error.ts";
import type { ContentSource } from "../image/content.ts";
import {
  isIndexType,
  isManifestType,
  type Descriptor,
  type ImageFile,
  type Index,
  type Manifest,
  type Platform,
} from "../oci/image-spec.ts";
import { choosePlatform } from "../oci/platform.ts";
import { checkDigest, verify } from "./digests.ts";

/** An image as its source describes it, verified, with no layer read yet. */
export type Resolved = {
  /** Of the root: an index's digest or the manifest's own. */
  root: string;
  manifest: { digest: string; bytes: Uint8Array; parsed: Manifest };
  config: { bytes: Uint8Array; parsed: ImageFile };
};

/** From a source's root, through its index, to one image's manifest and config. */
export async function resolveImage(source: ContentSource, platform: Platform): Promise<Resolved> {
  const { name } = source;
  const root = await source.root();
  let { descriptor, bytes } = root;
  verify(bytes, descriptor, name);
  // An index of indexes is allowed, and nobody makes it deeper (image-index.md, "manifests").
  for (let depth = 0; isIndex(descriptor, parse(bytes, name)); depth++) {
    if (depth === 4) throw notAnImage(name, "its index leads from index to index");
    const index = parse(bytes, name) as unknown as Index;
    if (!Array.isArray(index.manifests)) throw notAnImage(name, "its index lists no manifests");
    descriptor = choosePlatform(index, platform, name);
    bytes = await readVerified(source, descriptor);
  }
  const parsed = manifestOf(parse(bytes, name), name);
  const configBytes = await readVerified(source, parsed.config);
  const config = imageFileOf(parse(configBytes, name), parsed, name);
  return {
    root: root.descriptor.digest,
    manifest: { digest: descriptor.digest, bytes, parsed },
    config: { bytes: configBytes, parsed: config },
  };
}

async function readVerified(source: ContentSource, descriptor: Descriptor): Promise<Uint8Array> {
  checkDigest(descriptor.digest);
  const bytes = await source.read(descriptor);
  verify(bytes, descriptor, source.name);
  return bytes;
}

type Parsed = Record<string, unknown>;

function parse(bytes: Uint8Array, name: string): Parsed {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null) return value as Parsed;
  } catch (cause) {
    throw notAnImage(name, `its manifest or config is no JSON: ${(cause as Error).message}`);
  }
  throw notAnImage(name, "its manifest or config is no JSON object");
}

function isIndex({ mediaType }: Descriptor, parsed: Parsed): boolean {
  if (isIndexType(mediaType)) return true;
  return !isManifestType(mediaType) && Array.isArray(parsed["manifests"]);
}

function manifestOf(parsed: Parsed, name: string): Manifest {
  const { config, layers, schemaVersion } = parsed;
  if (schemaVersion === 1)
    throw notAnImage(name, "its manifest has Docker's schema 1, which was given up in 2019");
  if (!isDescriptor(config) || !Array.isArray(layers) || !layers.every(isDescriptor))
    throw notAnImage(name, "its manifest has no config, or no layers");
  for (const { digest } of layers) checkDigest(digest);
  return parsed as unknown as Manifest;
}

function imageFileOf(parsed: Parsed, { layers }: Manifest, name: string): ImageFile {
  const rootfs = parsed["rootfs"] as Partial<ImageFile["rootfs"]> | undefined;
  const diffIds = rootfs?.diff_ids;
  if (!Array.isArray(diffIds)) throw notAnImage(name, "its config describes no root file system");
  for (const diffId of diffIds) checkDigest(String(diffId));
  if (diffIds.length !== layers.length)
    throw notAnImage(name, `it has ${layers.length} layers and digests for ${diffIds.length}`);
  return parsed as unknown as ImageFile;
}

function isDescriptor(value: unknown): value is Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as Partial<Record<keyof Descriptor, unknown>>;
  return (
    typeof digest === "string" &&
    Number.isSafeInteger(size) &&
    Number(size) >= 0 &&
    (mediaType === undefined || typeof mediaType === "string")
  );
}

const notAnImage = (name: string, why: string): KontenerError =>
  new KontenerError(`${name} is not a container image: ${why}`, { code: "IMAGE" });
