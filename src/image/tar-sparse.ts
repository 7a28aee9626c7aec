import type { ByteReader } from "./byte-reader.ts";
import { damaged } from "./damaged.ts";
import { paxNumber, paxText, type PaxRecords } from "./pax.ts";
import { BLOCK_SIZE, number } from "./tar-header.ts";

/** A file with holes: where the stored bytes belong, in order; the rest of `size` is zeros. */
export type SparseMap = { size: number; regions: { offset: number; length: number }[] };

/** "S", GNU's own format: the map is in the header, and in further blocks after it (GNU tar manual, "Old GNU Format"). */
export async function readGnuSparse(header: Uint8Array, bytes: ByteReader): Promise<SparseMap> {
  const numbers: number[] = [];
  const collect = (block: Uint8Array, start: number, count: number) => {
    for (let at = start; at < start + 24 * count && block[at] !== 0; at += 24)
      numbers.push(number(block, at, 12), number(block, at + 12, 12));
  };
  collect(header, 386, 4);
  const size = number(header, 483, 12);
  for (let more = header[482]; more;) {
    const block = (await bytes.read(BLOCK_SIZE)) ?? badMap();
    collect(block, 0, 21);
    more = block[504];
  }
  return mapOf(size, numbers);
}

/**
 * GNU's PAX formats: 0.1 has the map in a record, 1.0 as decimal lines before the data ("Storing Sparse Files" in the GNU
 * tar manual). `stored` is how many bytes of data are left after the map.
 */
export async function readPaxSparse(
  pax: PaxRecords,
  size: number,
  bytes: ByteReader,
): Promise<(SparseMap & { stored: number }) | undefined> {
  const map = paxText(pax, "GNU.sparse.map");
  if (map !== undefined) {
    const whole = paxNumber(pax, "GNU.sparse.size") ?? badMap();
    return { ...mapOf(whole, map.split(",").map(Number)), stored: size };
  }
  if (pax.has("GNU.sparse.offset")) throw damaged("sparse files of GNU format 0.0 are not known");
  if (paxNumber(pax, "GNU.sparse.major") !== 1) return undefined;
  const whole = paxNumber(pax, "GNU.sparse.realsize") ?? badMap();
  const { numbers, length } = await readLines(bytes);
  if (length > size) badMap();
  return { ...mapOf(whole, numbers), stored: size - length };
}

/** How many regions, then offset and length of each, a line a number, padded to a block. */
async function readLines(bytes: ByteReader): Promise<{ numbers: number[]; length: number }> {
  let text = "";
  for (let wanted = 1, length = 0; ;) {
    const block = (await bytes.read(BLOCK_SIZE)) ?? badMap();
    length += BLOCK_SIZE;
    text += Buffer.from(block).toString("latin1");
    const lines = text.split("\n").slice(0, -1);
    if (lines.length > 0) wanted = 1 + 2 * Number(lines[0]);
    if (!(wanted <= 1e6)) throw badMap();
    if (lines.length >= wanted) return { numbers: lines.slice(1, wanted).map(Number), length };
  }
}

function mapOf(size: number, numbers: readonly number[]): SparseMap {
  const regions: SparseMap["regions"] = [];
  let end = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [offset, length] = [numbers[i]!, numbers[i + 1]!];
    if (!(Number.isSafeInteger(offset + length) && offset >= end && length >= 0)) badMap();
    end = offset + length;
    if (length > 0) regions.push({ offset, length });
  }
  if (end > size) badMap();
  return { size, regions };
}

function badMap(): never {
  throw damaged("the map of a sparse file is malformed");
}
