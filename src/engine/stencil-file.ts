import { SyscallError } from "../abi/error.ts";
import {
  makeDirectories,
  readBytes,
  rename,
  stampOf,
  tryList,
  removeTree,
  writeBytes,
} from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { Search } from "../launch/stencil.ts";
import type { Template } from "./stencils.ts";

/**
 * Stencils between one process and the next, `$KONTENER_RUN/stencils/HASH`: gone after a reboot, like the facts about the
 * kernel that they were made from. Whoever can write there is root already.
 *
 *   u32 length of the JSON, u32 0, JSON { key, searches, text }, the table
 */
type Head = { key: string; searches: Search[]; text: string };

const directoryOf = (paths: Paths): string => `${paths.run}/stencils`;
const fileOf = (key: string, paths: Paths): string =>
  `${directoryOf(paths)}/${Bun.hash(key).toString(36)}`;
const LARGEST = 256 * 1024;
const MOST = 64;

/**
 * Which program made it: another version lays out another plan. Undefined where no one file is the program (run from
 * source): then nothing is kept between processes.
 */
let program: string | undefined;
const programStamp = (): string | undefined =>
  Bun.main.startsWith("/$bunfs/") ? (program ??= stampOf(process.execPath)) : undefined;

export function readStencil(
  key: string,
  paths: Paths,
  stamp = programStamp(),
): Template | undefined {
  if (stamp === undefined) return undefined;
  try {
    const bytes = readBytes(fileOf(key, paths), LARGEST);
    const start = 8 + new DataView(bytes.buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Head;
    if (head.key !== stamp + key) return undefined; // another's with the same hash
    return { stencil: { table: bytes.subarray(start), searches: head.searches }, text: head.text };
  } catch {
    return undefined; // not there yet, or torn: it is made again
  }
}

export function writeStencil(
  key: string,
  { stencil, text }: Template,
  paths: Paths,
  stamp = programStamp(),
): void {
  if (stamp === undefined) return;
  const head: Head = { key: stamp + key, searches: stencil.searches, text };
  const json = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(8 + json.length + stencil.table.length);
  if (bytes.length >= LARGEST) return;
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  bytes.set(stencil.table, 8 + json.length);
  try {
    writeWhole(fileOf(key, paths), bytes, directoryOf(paths));
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error; // a full disk: it is made again next time
  }
}

function writeWhole(file: string, bytes: Uint8Array, directory: string): void {
  if (tryList(directory).length >= MOST) removeTree(directory);
  makeDirectories(directory, 0o700);
  writeBytes(`${file}.${process.pid}`, bytes, 0o600);
  rename(`${file}.${process.pid}`, file);
}
