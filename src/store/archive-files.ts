import { rmSync, statSync } from "node:fs";
import { damaged } from "../image/damaged.ts";
import { decompress } from "../image/compression.ts";
import { storeDirectory } from "../image/stored.ts";
import { readTar } from "../image/tar.ts";
import type { Paths } from "../linux/paths.ts";

/** The files of an OCI layout or a `docker save` archive, by their paths in it: a directory, or a tar archive. */
export type LayoutFiles = {
  name: string;
  has(path: string): boolean;
  size(path: string): number;
  /** A small file whole. */
  read(path: string): Promise<Uint8Array>;
  stream(path: string, offset: number): Promise<ReadableStream<Uint8Array>>;
};

/** image manifests and configs are smaller (distribution-spec "manifests"). */
const MOST = 4 << 20;

export const directoryFiles = (directory: string): LayoutFiles => {
  const file = (path: string) => `${directory}/${path}`;
  return {
    name: directory,
    has: (path) => statSync(file(path), { throwIfNoEntry: false })?.isFile() ?? false,
    size: (path) => statSync(file(path)).size,
    read: async (path) => await Bun.file(file(path)).bytes(),
    stream: async (path, offset) => Bun.file(file(path)).slice(offset).stream(),
  };
};

type Place = { offset: number; size: number };

/**
 * The files of a tar archive, read where they lie: the archive is gone through once for their places. One that is
 * compressed, or not a file, has to be a {@link Spooled} one.
 */
export async function archiveFiles(path: string, name: string): Promise<LayoutFiles> {
  const places = new Map<string, Place>();
  const links = new Map<string, string>();
  for await (const entry of readTar(Bun.file(path).stream(), true)) {
    const key = entry.path.replace(/^(?:\.?\/)+/, "");
    if (entry.type === "file" && !entry.sparse)
      places.set(key, { offset: entry.offset, size: entry.size });
    // Older dockers wrote a layer that is there twice as a link: "../ID/layer.tar".
    if (entry.type === "symlink") links.set(key, resolved(key, entry.linkPath));
    if (entry.type === "link") links.set(key, entry.linkPath);
  }
  const find = (key: string): Place | undefined =>
    places.get(key) ?? places.get(links.get(key) ?? "");
  const place = (key: string): Place => {
    const found = find(key);
    if (found) return found;
    throw damaged(`${name} lacks ${JSON.stringify(key.slice(0, 200))}`);
  };
  const slice = ({ offset, size }: Place, from = 0) =>
    Bun.file(path).slice(offset + from, offset + size);
  return {
    name,
    has: (key) => find(key) !== undefined,
    size: (key) => place(key).size,
    async read(key) {
      const at = place(key);
      if (at.size <= MOST) return await slice(at).bytes();
      throw damaged(`${key} in ${name} should be a few kilobytes, and has ${at.size} bytes`);
    },
    stream: async (key, offset) => slice(place(key), offset).stream(),
  };
}

const resolved = (from: string, target: string): string =>
  new URL(target, `file:///${from}`).pathname.slice(1);

/** An archive as a plain file: unpacked, or written down from a pipe, beside the store, and gone at the end. Under `adding`. */
export class Spooled implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async from(bytes: AsyncIterable<Uint8Array>, paths: Paths): Promise<Spooled> {
    const spooled = new Spooled(`${storeDirectory(paths)}/.load-${Bun.randomUUIDv7()}`);
    const writer = Bun.file(spooled.path).writer({ highWaterMark: 1 << 20 });
    try {
      for await (const chunk of bytes) {
        writer.write(chunk);
        await writer.flush();
      }
      await writer.end();
      return spooled;
    } catch (error) {
      spooled[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { force: true });
  }
}

/** The archive at `path` without its compression: itself where it has none. */
export async function plainArchive(
  path: string,
  paths: Paths,
): Promise<{ path: string } & Partial<Disposable>> {
  const start = Buffer.from(await Bun.file(path).slice(0, 512).bytes());
  if (start.toString("latin1", 257, 262) === "ustar") return { path };
  return await Spooled.from(decompress(path), paths);
}
