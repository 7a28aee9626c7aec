import type { ContentSource } from "../image/content.ts";
import { damaged } from "../image/damaged.ts";
import { mediaTypes, type Descriptor, type ImageFile, type Manifest } from "../oci/image-spec.ts";
import type { LayoutFiles } from "./archive-files.ts";
import { checkDigest, sha256 } from "./digests.ts";

/** An entry of manifest.json (Docker's image specification v1.2, "Combined Image JSON + Filesystem Changeset Format"). */
type Entry = { Config: string; RepoTags?: string[] | null; Layers: string[] };

/**
 * The images of a `docker save` archive. It has no manifest: one is made of what there is. Layers stay as they are, mostly
 * uncompressed.
 */
export async function dockerImages(
  files: LayoutFiles,
): Promise<{ names: string[]; source: ContentSource }[]> {
  const entries = parse(await files.read("manifest.json"), files) as Entry[];
  if (!Array.isArray(entries)) throw damaged(`the manifest.json of ${files.name} is no list`);
  return entries.map((entry) => ({
    names: entry.RepoTags ?? [],
    source: dockerSource(files, entry),
  }));
}

function dockerSource(files: LayoutFiles, entry: Entry): ContentSource {
  if (typeof entry.Config !== "string" || !Array.isArray(entry.Layers))
    throw damaged(`the manifest.json of ${files.name} names no config or no layers`);
  const places = new Map<string, string>();
  return {
    name: files.name,
    async root() {
      const config = await files.read(entry.Config);
      const diffIds = (parse(config, files) as Partial<ImageFile>).rootfs?.diff_ids ?? [];
      const layers: Descriptor[] = [];
      for (const [i, path] of entry.Layers.entries())
        layers.push(await describe(files, path, diffIds[i] ?? ""));
      for (const [i, { digest }] of layers.entries()) places.set(digest, entry.Layers[i]!);
      const described = { digest: sha256(config), size: config.length };
      places.set(described.digest, entry.Config);
      const manifest: Manifest = {
        schemaVersion: 2,
        mediaType: mediaTypes.manifest[0],
        config: { mediaType: mediaTypes.config[0], ...described },
        layers,
      };
      const bytes = new TextEncoder().encode(JSON.stringify(manifest));
      const descriptor = {
        mediaType: mediaTypes.manifest[0],
        digest: sha256(bytes),
        size: bytes.length,
      };
      return { descriptor, bytes };
    },
    read: async ({ digest }) => await files.read(places.get(digest) ?? ""),
    stream: async ({ digest }, offset) => await files.stream(places.get(digest) ?? "", offset),
  };
}

const TAR = "application/vnd.oci.image.layer.v1.tar";

/** A layer's descriptor: of an uncompressed one the digest is the diff id; of any other it has to be taken. */
async function describe(files: LayoutFiles, path: string, diffId: string): Promise<Descriptor> {
  const size = files.size(path);
  const suffix = await compressionOf(files, path);
  if (suffix === "") {
    checkDigest(diffId);
    return { mediaType: TAR, digest: diffId, size };
  }
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of await files.stream(path, 0)) hash.update(chunk);
  return { mediaType: `${TAR}${suffix}`, digest: `sha256:${hash.digest("hex")}`, size };
}

async function compressionOf(files: LayoutFiles, path: string): Promise<"" | "+gzip" | "+zstd"> {
  for await (const chunk of await files.stream(path, 0)) {
    if (chunk[0] === 0x1f && chunk[1] === 0x8b) return "+gzip";
    return chunk[0] === 0x28 && chunk[1] === 0xb5 && chunk[2] === 0x2f ? "+zstd" : "";
  }
  return "";
}

function parse(bytes: Uint8Array, { name }: LayoutFiles): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw damaged(`a manifest or config in ${name} is no JSON`, cause);
  }
}
