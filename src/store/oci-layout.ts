import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import type { ContentSink, ContentSource } from "../image/content.ts";
import { damaged } from "../image/damaged.ts";
import { mediaTypes, type Descriptor, type Index } from "../oci/image-spec.ts";
import type { LayoutFiles } from "./archive-files.ts";
import { checkDigest, sha256 } from "./digests.ts";

const REF_NAME = "org.opencontainers.image.ref.name";

/** The images of a layout: what its index lists, with the names that it gives them. */
export async function layoutImages(
  files: LayoutFiles,
): Promise<{ name: string | undefined; source: ContentSource }[]> {
  const index = files.has("index.json") ? await readIndex(files) : undefined;
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

async function readIndex(files: LayoutFiles): Promise<Partial<Index>> {
  try {
    return JSON.parse(Buffer.from(await files.read("index.json")).toString()) as Partial<Index>;
  } catch (cause) {
    throw damaged(`the index.json of ${files.name} is no JSON`, cause);
  }
}

function layoutSource(files: LayoutFiles, root: Descriptor): ContentSource {
  const read = async ({ digest }: Descriptor) => {
    if (files.has(blobFile(digest))) return await files.read(blobFile(digest));
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
