import type { Timespec } from "../abi/timespec.ts";
import type { ByteString } from "./byte-string.ts";
import { ByteReader } from "./byte-reader.ts";
import { damaged } from "./damaged.ts";
import { decodePax, paxNumber, paxText, paxTime, paxXattrs, type PaxRecords } from "./pax.ts";
import { BLOCK_SIZE, decodeHeader, field, type TarHeader } from "./tar-header.ts";
import { readGnuSparse, readPaxSparse, type SparseMap } from "./tar-sparse.ts";

export type TarEntryType =
  "file" | "directory" | "symlink" | "link" | "character-device" | "block-device" | "fifo";

/** One thing in an archive, with everything that headers before it said about it. */
export type TarEntry = {
  type: TarEntryType;
  /** As in the archive: may be absolute, may contain "..". */
  path: ByteString;
  /** A symlink's text, or the path that a hard link names. */
  linkPath: ByteString;
  /** The lower 12 bits: permissions, set-id, sticky. */
  mode: number;
  uid: number;
  gid: number;
  mtime: Timespec;
  major: number;
  minor: number;
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** Of a file, holes counted. */
  size: number;
  /** Where in the archive its stored bytes begin. */
  offset: number;
  sparse: SparseMap | undefined;
  /** A file's stored bytes, to be read (or not) before the next entry is asked for. */
  body: AsyncIterable<Uint8Array>;
};

const types: Record<string, TarEntryType> = {
  "1": "link",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
};

/** Records longer than this are no one's names and attributes: xattr(7) ends at 64 KiB each. */
const MAX_RECORDS = 4 << 20;
const TOO_LARGE = "a header of the archive is absurdly large";

/**
 * Reads a tar archive: ustar, PAX, GNU (long names, base-256 numbers, sparse files). Own code, because the libraries that
 * were looked at (tar-stream, modern-tar) decode attributes and names as UTF-8, which loses bytes, and know no sparse files;
 * `tests/system/image-unpack.test.ts` holds it against GNU tar.
 *
 * @param verified whoever calls knows by a digest whether it is whole: then the end mark and what fills up the last entry's
 * block, which some writers of image layers leave out (umoci insert), are not needed
 * @throws KontenerError `IMAGE` where the archive is damaged or ends without its end mark
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  verified = false,
): AsyncGenerator<TarEntry> {
  const bytes = new ByteReader(source);
  const global: PaxRecords = new Map();
  let local: PaxRecords = new Map();
  let recorded = 0; // bytes since the last entry
  try {
    for (;;) {
      const block = await bytes.read(BLOCK_SIZE);
      if (!block && verified) break;
      if (!block) throw damaged("the archive is cut short: its end mark is missing");
      const header = decodeBlock(block, bytes.position === BLOCK_SIZE);
      if (!header) break;
      if ("xgLK".includes(header.typeflag)) {
        const records = await readRecords(header, bytes);
        if ((recorded += header.size) > MAX_RECORDS) throw damaged(TOO_LARGE);
        for (const [keyword, value] of records)
          (header.typeflag === "g" ? global : local).set(keyword, value);
        continue;
      }
      const pax = new Map([...global, ...local]);
      local = new Map();
      recorded = 0;
      if (header.typeflag === "V") continue; // a GNU volume's label
      yield* readEntry(header, block, pax, bytes, verified);
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

function decodeBlock(block: Uint8Array, first: boolean): TarHeader | undefined {
  try {
    return decodeHeader(block);
  } catch (error) {
    throw first ? damaged("this is no tar archive", error) : error;
  }
}

async function readRecords(header: TarHeader, bytes: ByteReader): Promise<PaxRecords> {
  if (header.size > MAX_RECORDS) throw damaged(TOO_LARGE);
  const data = await bytes.read(padded(header.size));
  if (!data) throw damaged("the archive is cut short in a header");
  const content = data.slice(0, header.size);
  if (header.typeflag === "x" || header.typeflag === "g") return decodePax(content);
  // GNU's long names are PAX records before there was PAX.
  const text = Buffer.from(field(content, 0, content.length), "latin1");
  return new Map([[header.typeflag === "L" ? "path" : "linkpath", text]]);
}

async function* readEntry(
  header: TarHeader,
  block: Uint8Array,
  pax: PaxRecords,
  bytes: ByteReader,
  verified: boolean,
): AsyncGenerator<TarEntry> {
  const path = paxText(pax, "GNU.sparse.name") ?? paxText(pax, "path") ?? header.name;
  const known = types[header.typeflag];
  // Before POSIX a directory was a file whose name ended in a slash; types that nobody knows are files, says POSIX.
  const type = known ?? (path.endsWith("/") ? "directory" : "file");
  // Only files have bytes; a size that is given with anything else describes the thing, not the archive.
  const size = known ? 0 : (paxNumber(pax, "size") ?? header.size);
  if (!(size >= 0)) throw damaged("an entry of the archive has an impossible size");
  const gnuSparse = header.typeflag === "S" ? await readGnuSparse(block, bytes) : undefined;
  const end = bytes.position + size;
  const paxSparse = gnuSparse ? undefined : await readPaxSparse(pax, size, bytes);
  const stored = paxSparse?.stored ?? size;
  const sparse = gnuSparse ?? paxSparse;
  if (sparse && sum(sparse.regions.map(({ length }) => length)) !== stored)
    throw damaged("the map of a sparse file does not fit its data");
  yield {
    type,
    path,
    linkPath: paxText(pax, "linkpath") ?? header.linkname,
    mode: header.mode & 0o7777,
    uid: owner(paxNumber(pax, "uid") ?? header.uid),
    gid: owner(paxNumber(pax, "gid") ?? header.gid),
    mtime: paxTime(pax, "mtime") ?? { seconds: header.mtime, nanoseconds: 0 },
    major: header.major,
    minor: header.minor,
    xattrs: paxXattrs(pax),
    size: sparse?.size ?? stored,
    offset: bytes.position,
    sparse,
    body: bytes.pieces(stored),
  };
  await bytes.skip(end - bytes.position);
  await bytes.skip(padded(size) - size, verified);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const padded = (size: number): number => Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;

function owner(id: number): number {
  if (id >= 0 && id < 0xffffffff) return id; // (uid_t)-1 means "leave it" to chown(2)
  throw damaged(`the archive has ${id} for an owner`);
}
