import { Notes } from "./notes.ts";
import { readTar, type TarEntry } from "./tar.ts";
import type { SparseMap } from "./tar-sparse.ts";
import type { TreeFile } from "./tree-file.ts";
import { TreeWriter } from "./tree-writer.ts";

/**
 * Unpacks a tar archive below an empty directory that nobody else writes to. Kept are types, modes, owners, times to the
 * nanosecond, links, devices, attributes and holes; what cannot be kept here is said once through `say`.
 *
 * @throws KontenerError `IMAGE` where the archive is damaged, or would write outside of the directory
 * @throws SyscallError where a file cannot be made
 */
export async function unpack(
  archive: AsyncIterable<Uint8Array>,
  directory: string,
  say: (line: string) => void,
): Promise<void> {
  using writer = new TreeWriter(directory, new Notes(say));
  for await (const entry of readTar(archive)) await unpackEntry(entry, writer);
  writer.finish();
}

/** Makes what an entry is about. */
export async function unpackEntry(entry: TarEntry, writer: TreeWriter): Promise<void> {
  const { type, path } = entry;
  if (type === "directory") writer.directory(path, entry);
  else if (type === "symlink") writer.symlink(path, entry.linkPath, entry);
  else if (type === "link") writer.link(path, entry.linkPath);
  else if (type !== "file") writer.node(path, type, entry.major, entry.minor, entry);
  else {
    using file = writer.file(path);
    if (entry.sparse) await writeRegions(file, entry.sparse, entry.body);
    else for await (const bytes of entry.body) file.write(bytes);
    file.finish(entry);
  }
}

async function writeRegions(
  file: TreeFile,
  { size, regions }: SparseMap,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  let next = 0;
  let left = 0; // of the region that is being written
  for await (let bytes of body) {
    while (bytes.length > 0) {
      if (left === 0) {
        file.seek(regions[next]!.offset);
        left = regions[next++]!.length;
      }
      const part = bytes.subarray(0, left);
      file.write(part);
      left -= part.length;
      bytes = bytes.subarray(part.length);
    }
  }
  file.extend(size);
}
