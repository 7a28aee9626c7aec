import { SyscallError } from "../abi/error.ts";
import type { Search } from "../launch/stencil.ts";
import {
  makeDirectories,
  readBytes,
  removeTree,
  rename,
  stampOf,
  tryList,
  writeBytes,
} from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { Template } from "./stencils.ts";

/**
 * Stencils between one process and the next, `$KONTENER_RUN/stencils/HASH`: gone after a reboot, like the facts about the
 * kernel that they were made from. Whoever can write there is root already.
 *
 *   three parts, each behind its length (u32): JSON { key, searches }, the template's text, the table
 */
type Head = { key: string; searches: Search[] };

const directoryOf = (paths: Paths): string => `${paths.run}/stencils`;
const fileOf = (key: string, paths: Paths): string =>
  `${directoryOf(paths)}/${Bun.hash(key).toString(36)}`;
const LARGEST = 128 * 1024;
const MOST = 64;

let program: string | undefined;
/**
 * Which program made it: another version lays out another plan. Undefined where no one file is the program (run from
 * source): then nothing is kept between processes.
 */
const programStamp = (): string | undefined =>
  Bun.main.startsWith("/$bunfs/") ? (program ??= stampOf(process.execPath)) : undefined;

export function readStencil(
  key: string,
  paths: Paths,
  stamp = programStamp(),
): Template | undefined {
  if (stamp === undefined) return undefined;
  try {
    const [head, text, table] = split(readBytes(fileOf(key, paths), LARGEST)) as Parts;
    const found = JSON.parse(decoder.decode(head)) as Head;
    if (found.key !== stamp + key) return undefined; // another's with the same hash
    return { stencil: { table, searches: found.searches }, text: decoder.decode(text) };
  } catch {
    return undefined; // not there yet, or torn: it is made again
  }
}

/** A file that cannot be written is made again next time. */
export function writeStencil(
  key: string,
  { stencil, text }: Template,
  paths: Paths,
  stamp = programStamp(),
): void {
  if (stamp === undefined) return;
  const head: Head = { key: stamp + key, searches: stencil.searches };
  const bytes = join(encoder.encode(JSON.stringify(head)), encoder.encode(text), stencil.table);
  if (bytes.length >= LARGEST) return;
  try {
    writeWhole(fileOf(key, paths), bytes, directoryOf(paths));
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

function writeWhole(file: string, bytes: Uint8Array, directory: string): void {
  if (tryList(directory).length >= MOST) removeTree(directory);
  makeDirectories(directory, 0o700);
  writeBytes(`${file}.${process.pid}`, bytes, 0o600);
  rename(`${file}.${process.pid}`, file);
}

type Parts = [head: Uint8Array, text: Uint8Array, table: Uint8Array];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function join(...parts: Parts): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const part of parts) {
    new DataView(bytes.buffer).setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** @throws RangeError where the last part is not whole */
function split(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; parts.length < 3; at += 4 + parts.at(-1)!.length) {
    const length = view.getUint32(at, true);
    parts.push(new Uint8Array(bytes.buffer, bytes.byteOffset + at + 4, length));
  }
  return parts;
}
