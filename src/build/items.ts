import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
  type BigIntStats,
} from "node:fs";
import type { ByteString } from "../image/byte-string.ts";
import { major, metadataOf, minor } from "../image/copy-tree.ts";
import type { Metadata } from "../image/metadata.ts";
import { readXattrs } from "../image/xattrs.ts";
import { Pace } from "../linux/turn.ts";
import type { Source } from "./source.ts";

/** One thing that a COPY makes. */
export type Item = {
  /** Below the destination; empty for the destination itself. */
  path: ByteString;
  /** Where its content is read. */
  from: ByteString;
  stat: BigIntStats;
  /** It was named, not found below a directory: `from` leads to it by a link of /proc. */
  top: boolean;
};

/** What lies at `path` in a source, links at its end followed, with all that is below and not ignored; names in order. */
export async function collect(source: Source, path: string, into: ByteString): Promise<Item[]> {
  const pace = new Pace();
  const items: Item[] = [];
  const visit = async (
    from: ByteString,
    at: ByteString,
    to: ByteString,
    top: boolean,
  ): Promise<void> => {
    await pace.rest();
    const stat = (top ? statSync : lstatSync)(bytes(from), { bigint: true });
    if (!source.ignores(bytes(at).toString("utf8"))) items.push({ path: to, from, stat, top });
    if (!stat.isDirectory()) return;
    const names = readdirSync(bytes(from), { encoding: "buffer" }).map((n) => n.toString("latin1"));
    for (const name of names.toSorted())
      await visit(`${from}/${name}`, join(at, name), join(to, name), false);
  };
  await visit(source.open(path), latin1(path), into, true);
  return items.filter(({ stat }) => !stat.isSocket());
}

export const join = (directory: ByteString, name: ByteString): ByteString =>
  directory === "" ? name : name === "" ? directory : `${directory}/${name}`;

export function metadataOfItem({ from, stat, top }: Item): Metadata {
  const meta = metadataOf(top && stat.isDirectory() ? `${from}/.` : from, stat);
  return top && !stat.isDirectory() ? { ...meta, xattrs: readXattrs(from, true) } : meta;
}

/**
 * What items are, for the cache's key: names, types, modes, contents, attributes; owners where they are kept; not the time,
 * as in BuildKit: a fresh checkout has other times.
 */
export async function digestOf(items: readonly Item[], owners: boolean): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  const pace = new Pace();
  for (const item of items) {
    const { path, stat } = item;
    const meta = metadataOfItem(item);
    const xattrs = [...meta.xattrs].map(([name, value]) => [
      name,
      Buffer.from(value).toString("hex"),
    ]);
    const owner = owners ? [meta.uid, meta.gid] : [];
    const content = contentOf(item);
    await pace.rest();
    hash.update(JSON.stringify([path, Number(stat.mode), owner, xattrs.toSorted(), content]));
  }
  return hash.digest("hex");
}

function contentOf({ from, stat }: Item): string {
  if (stat.isSymbolicLink()) return readlinkSync(bytes(from), "latin1");
  if (!stat.isFile())
    return stat.isDirectory() || stat.isFIFO() ? "" : `${major(stat.rdev)}:${minor(stat.rdev)}`;
  const hash = new Bun.CryptoHasher("sha256");
  for (const piece of pieces(from)) hash.update(piece);
  return hash.digest("hex");
}

/** A file's content; a piece is good until the next one is asked for. */
function* pieces(from: ByteString): Generator<Uint8Array> {
  const fd = openSync(bytes(from), constants.O_RDONLY);
  try {
    const buffer = Buffer.allocUnsafe(256 << 10);
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer))
      yield buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

export const bytes = (path: ByteString): Buffer => Buffer.from(path, "latin1");
export const latin1 = (text: string): ByteString => Buffer.from(text).toString("latin1");
