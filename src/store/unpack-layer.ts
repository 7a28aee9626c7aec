import type { ByteString } from "../image/byte-string.ts";
import { NotInArchive } from "../image/damaged.ts";
import { Notes } from "../image/notes.ts";
import { readTar } from "../image/tar.ts";
import { TreeWriter } from "../image/tree-writer.ts";
import { unpackEntry } from "../image/unpack.ts";
import { markOf } from "./whiteout.ts";

export type Unpacked = {
  /** Bytes of the files. */
  size: number;
  /** False where the layer cannot be understood without those below it. */
  contained: boolean;
  /** What it refers to and does not contain, if that is why. */
  broken?: NotInArchive;
};

type Archive = AsyncIterable<Uint8Array>;
type Say = (line: string) => void;

/**
 * Unpacks a layer (image-spec layer.md) into a directory of its own, as a lower directory of overlayfs: whiteouts become
 * devices 0/0, opaque directories get their attribute. Two things need the layers below, and are told by `contained`: a
 * directory that has no entry, whose owner and mode are those it has further down, or where there may be a link; and a hard
 * link to a file that is further down. The archive is read to its end in any case.
 */
export async function unpackLayer(
  archive: Archive,
  directory: string,
  say: Say,
): Promise<Unpacked> {
  using writer = new TreeWriter(directory, new Notes(say));
  const marks: Marks = { whiteouts: [], opaques: [] };
  let size = 0;
  let broken: NotInArchive | undefined;
  for await (const entry of readTar(archive, true)) {
    if (broken || noteMark(entry.path, marks)) continue;
    size += entry.type === "file" ? entry.size : 0;
    broken = await missing(() => unpackEntry(entry, writer));
  }
  broken ??= await missing(() => applyMarks(marks, writer));
  if (broken) return { size, contained: false, broken };
  writer.finish();
  return { size, contained: writer.implied.size === 0 };
}

async function missing(act: () => Promise<void> | void): Promise<NotInArchive | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof NotInArchive) return error;
    throw error;
  }
}

/**
 * Unpacks a layer over those below it: `root` is the root directory of an overlay of them. The marks go first: they are
 * about the layers below, wherever in the archive they are.
 */
export async function unpackOver(archive: () => Archive, root: number, say: Say): Promise<number> {
  using writer = new TreeWriter(root, new Notes(say), true);
  const marks: Marks = { whiteouts: [], opaques: [] };
  for await (const entry of readTar(archive(), true)) noteMark(entry.path, marks);
  for (const path of marks.opaques) writer.empty(path);
  for (const path of marks.whiteouts) writer.remove(path);
  let size = 0;
  for await (const entry of readTar(archive(), true)) {
    if (markOf(entry.path) !== undefined) continue;
    size += entry.type === "file" ? entry.size : 0;
    await unpackEntry(entry, writer);
  }
  writer.finish();
  return size;
}

type Marks = { whiteouts: ByteString[]; opaques: ByteString[] };

function noteMark(path: ByteString, marks: Marks): boolean {
  const mark = markOf(path);
  if (mark === undefined) return false;
  if (mark.type === "whiteout") marks.whiteouts.push(mark.path);
  if (mark.type === "opaque") marks.opaques.push(mark.path);
  return true;
}

/** A mark is about the layers below: what this one has under the same name stays, and hides what is further down. */
function applyMarks({ whiteouts, opaques }: Marks, writer: TreeWriter): void {
  for (const path of opaques) writer.opaque(path);
  for (const path of whiteouts) {
    const type = writer.typeOf(path);
    if (type === "directory") writer.opaque(path);
    else if (type === undefined) writer.whiteout(path);
  }
}
