import { closeSync, constants, openSync, readlinkSync, readSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { quoted, type ByteString } from "../image/byte-string.ts";
import { major, minor } from "../image/copy-tree.ts";
import type { Metadata } from "../image/metadata.ts";
import { Notes } from "../image/notes.ts";
import { TreeWriter } from "../image/tree-writer.ts";
import { ignoreNothing } from "./ignore.ts";
import { bytes, join, latin1, metadataOfItem, type Item } from "./items.ts";
import { Source } from "./source.ts";

/** A file that comes from no source: a here-document, what a URL has given. */
export type Made = { name: string; content: Uint8Array; mode: number; seconds: number };

export type CopyWish = {
  /** Absolute, in the image. */
  target: string;
  intoDirectory: boolean;
  /** A source's name, and what it stands for. */
  sources: { name: string; items: Item[] }[];
  files: Made[];
  /** Owner of what is made; undefined: as in the source. */
  owner: { uid: number; gid: number } | undefined;
  chmod: number | undefined;
};

/**
 * Does a COPY below a root: a single file becomes the target, unless that is a directory; of a directory the content is
 * copied; what is missing above is made. A link on the way is followed as the container would: within the root.
 */
export class Copier implements Disposable {
  readonly #writer: TreeWriter;
  readonly #there: Source;

  constructor(root: string | number, say: (line: string) => void) {
    const path = typeof root === "number" ? `/proc/self/fd/${root}` : root;
    this.#there = new Source(path, "the image", ignoreNothing);
    this.#writer = new TreeWriter(root, new Notes(say), true);
  }

  copy(wish: CopyWish): void {
    const target = latin1(wish.target.replace(/^\/+|\/+$/g, ""));
    const directory = wish.intoDirectory || target === "" || this.isDirectory(wish.target);
    for (const { name, items } of wish.sources) {
      const [first] = items;
      if (first?.stat.isDirectory()) {
        for (const item of items) this.#make(item, join(target, item.path), wish);
      } else if (first) {
        const base = latin1(name.split("/").at(-1) ?? "");
        this.#make(first, directory ? join(target, base) : target, wish);
      }
    }
    for (const file of wish.files)
      this.#write(file, directory ? join(target, latin1(file.name)) : target, wish);
  }

  /** A directory, and those above, where they are missing. */
  makeDirectory(path: string, owner: CopyWish["owner"], mode = 0o755): boolean {
    return this.#directories(latin1(path.replace(/^\/+|\/+$/g, "")), owner, mode);
  }

  /** A path that leads to a directory of the image. */
  openDirectory(path: string): string {
    return this.#there.open(path);
  }

  isDirectory(path: string): boolean {
    return this.#there.isDirectory(path);
  }

  finish(): void {
    this.#writer.finish();
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
    this.#there[Symbol.dispose]();
  }

  #make(item: Item, path: ByteString, { owner, chmod }: CopyWish): void {
    const { stat, from } = item;
    const meta: Metadata = { ...metadataOfItem(item), ...owner };
    if (chmod !== undefined) meta.mode = chmod;
    if (stat.isDirectory()) {
      // As in BuildKit, the destination itself stays as it is, and what lies below becomes as the source has it.
      const there = this.isDirectory(text(path));
      if (path === "" || (there && (item.path === "" || this.#writer.typeOf(path) !== "directory")))
        return;
      this.#above(path, owner);
      return this.#writer.directory(path, meta);
    }
    this.#above(path, owner);
    if (this.#writer.typeOf(path) === "directory")
      throw new KontenerError(
        `/${quoted(path).slice(1, -1)} is a directory: no file can be copied over it`,
        {
          code: "INVALID",
        },
      );
    if (stat.isSymbolicLink())
      this.#writer.symlink(path, readlinkSync(bytes(from), "latin1"), meta);
    else if (stat.isFile()) this.#copyFile(from, path, meta);
    else {
      const type = stat.isFIFO()
        ? "fifo"
        : stat.isBlockDevice()
          ? "block-device"
          : "character-device";
      this.#writer.node(path, type, major(stat.rdev), minor(stat.rdev), meta);
    }
  }

  #copyFile(from: ByteString, path: ByteString, meta: Metadata): void {
    const fd = openSync(bytes(from), constants.O_RDONLY);
    try {
      using file = this.#writer.file(path);
      if (!file.clone(fd)) {
        const buffer = Buffer.allocUnsafe(256 << 10);
        for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer))
          file.write(buffer.subarray(0, n));
      }
      file.finish(meta);
    } finally {
      closeSync(fd);
    }
  }

  #write({ content, mode, seconds }: Made, path: ByteString, { owner, chmod }: CopyWish): void {
    this.#above(path, owner);
    using file = this.#writer.file(path);
    file.write(content);
    file.finish({
      mode: chmod ?? mode,
      uid: owner?.uid ?? 0,
      gid: owner?.gid ?? 0,
      mtime: { seconds, nanoseconds: 0 },
      xattrs: new Map(),
    });
  }

  /** The directories above a path. */
  #above(path: ByteString, owner: CopyWish["owner"]): void {
    const cut = path.lastIndexOf("/");
    if (cut > 0) this.#directories(path.slice(0, cut), owner, 0o755);
  }

  #directories(path: ByteString, owner: CopyWish["owner"], mode: number): boolean {
    const parts = path.split("/").filter(Boolean);
    let made = false;
    for (let length = 1; length <= parts.length; length++) {
      const here = parts.slice(0, length).join("/");
      if (this.isDirectory(text(here))) continue;
      const mtime = { seconds: Math.floor(Date.now() / 1000), nanoseconds: 0 };
      this.#writer.directory(here, { mode, uid: 0, gid: 0, ...owner, mtime, xattrs: new Map() });
      made = true;
    }
    return made;
  }
}

const text = (path: ByteString): string => bytes(path).toString("utf8");
