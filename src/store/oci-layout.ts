import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import type { ContentSink, ContentSource } from "../image/content.ts";
import { mediaTypes, type Descriptor, type Index } from "../oci/image-spec.ts";
import { checkDigest, sha256 } from "./digests.ts";

const REF_NAME = "org.opencontainers.image.ref.name";

/** An OCI layout (image-spec image-layout.md): files by their paths in it. */
export type LayoutFiles = {
  name: string;
  /** A small file whole; undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  stream(path: string, offset: number): Promise<ReadableStream<Uint8Array>>;
};

export const layoutDirectory = (directory: string): LayoutFiles => ({
  name: directory,
  async read(path) {
    const file = `${directory}/${path}`;
    return existsSync(file) ? readFileSync(file) : undefined;
  },
  async stream(path, offset) {
    return Bun.file(`${directory}/${path}`).slice(offset).stream();
  },
});

/** The images of a layout: what its index lists, with the names that it gives them. */
export async function layoutImages(
  files: LayoutFiles,
): Promise<{ name: string | undefined; source: ContentSource }[]> {
  const bytes = await files.read("index.json");
  const index = bytes && (JSON.parse(Buffer.from(bytes).toString()) as Partial<Index>);
  if (!Array.isArray(index?.manifests))
    throw new KontenerError(`${files.name} is no OCI layout: it has no index.json with manifests`, {
      code: "IMAGE",
    });
  return index.manifests.map((descriptor) => ({
    // containerd writes the whole name beside the tag.
    name:
      descriptor.annotations?.["io.containerd.image.name"] ?? descriptor.annotations?.[REF_NAME],
    source: layoutSource(files, descriptor),
  }));
}

function layoutSource(files: LayoutFiles, root: Descriptor): ContentSource {
  const read = async ({ digest }: Descriptor) => {
    const bytes = await files.read(blobFile(digest));
    if (bytes) return bytes;
    throw new KontenerError(`${files.name} lacks ${digest}`, {
      code: "IMAGE",
      hint: "a layout of several platforms may have been copied for one only: name it with --platform",
    });
  };
  return {
    name: files.name,
    root: async () => ({ descriptor: root, bytes: await read(root) }),
    read,
    stream: async ({ digest }, offset) => await files.stream(blobFile(digest), offset),
  };
}

function blobFile(digest: string): string {
  checkDigest(digest);
  return `blobs/${digest.replace(":", "/")}`;
}

/** Writes images into a layout's directory, beside those that are there. `name`: what the index calls it. */
export function layoutSink(directory: string, name: string): ContentSink {
  const blobs = `${directory}/blobs/sha256`;
  const place = ({ digest }: Descriptor) => `${directory}/${blobFile(digest)}`;
  return {
    name: directory,
    has: async (descriptor) => existsSync(place(descriptor)),
    async write(descriptor, open) {
      mkdirSync(blobs, { recursive: true });
      const beside = `${place(descriptor)}.new`;
      await Bun.write(beside, new Response(open()));
      renameSync(beside, place(descriptor));
    },
    async finish(descriptor, bytes) {
      mkdirSync(blobs, { recursive: true });
      writeFileSync(place({ ...descriptor, digest: sha256(bytes) }), bytes);
      writeFileSync(`${directory}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
      writeIndex(`${directory}/index.json`, { ...descriptor, annotations: { [REF_NAME]: name } });
    },
  };
}

function writeIndex(file: string, descriptor: Descriptor): void {
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Index).manifests : [];
  const nameOf = ({ annotations }: Descriptor) => annotations?.[REF_NAME];
  const others = old.filter((other) => nameOf(other) !== nameOf(descriptor));
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index[0],
    manifests: [...others, descriptor],
  };
  writeFileSync(file, JSON.stringify(index));
}
