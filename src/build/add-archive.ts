import { decompress } from "../image/compression.ts";
import { ByteReader } from "../image/byte-reader.ts";
import { Notes } from "../image/notes.ts";
import { BLOCK_SIZE, decodeHeader } from "../image/tar-header.ts";
import { readTar } from "../image/tar.ts";
import { TreeWriter } from "../image/tree-writer.ts";
import { unpackEntry } from "../image/unpack.ts";
import type { Item } from "./items.ts";

/** The path of a file that ADD unpacks: a tar archive, compressed or not, by its first bytes. */
export async function archiveIn([first]: readonly Item[]): Promise<string | undefined> {
  if (!first?.stat.isFile() || first.stat.size === 0n) return undefined;
  const bytes = new ByteReader(decompress(first.from));
  try {
    const block = await bytes.read(BLOCK_SIZE);
    return block && decodeHeader(block) ? first.from : undefined;
  } catch {
    return undefined; // something else: it is copied
  } finally {
    await bytes.close();
  }
}

/** Unpacks over what is in a directory: owners, modes and times are the archive's. */
export async function unpackInto(
  archive: string,
  directory: string,
  say: (line: string) => void,
): Promise<void> {
  using writer = new TreeWriter(directory, new Notes(say), true);
  for await (const entry of readTar(decompress(archive))) await unpackEntry(entry, writer);
  writer.finish();
}
