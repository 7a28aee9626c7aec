import { ftruncateSync, read, write } from "node:fs";
import { promisify } from "node:util";
import { invalid, KontenerError } from "../../abi/error.ts";
import { quoted, type ByteString } from "../../image/byte-string.ts";
import { quote, resolvePath } from "../../spec/values.ts";
import { Handle, O, toBytes, type Making } from "../../image/directory.ts";
import type { Input } from "../stdin.ts";

const readAt = promisify(read);
const writeAt = promisify(write);
const CHUNK = 256 << 10;
export const DEFAULT_MAX_SIZE = 64 * 1024 * 1024;

export type ReadOptions = {
  /** Text instead of bytes; what is no UTF-8 becomes U+FFFD. */
  encoding?: "utf8";
  /** Bytes; a file with more is an error, for the box decides how much there is. Default 64 MiB. */
  maxSize?: number;
};

export type WriteOptions = {
  /** Permissions of a new file. Default 0o644. */
  mode?: number;
  /** Write at the file's end, not in place of what is there. */
  append?: boolean;
};

/** A box's files as the engine sees them: its root directory, held open, and whose what is made there will be. */
export type Place = { readonly root: Handle; uid: number; gid: number; cwd: string };

/** An absolute path in the box, as the kernel has it. */
export function pathIn(place: Place, path: string): ByteString {
  if (typeof path !== "string" || path === "" || path.includes("\0"))
    throw invalid(`path: ${quote(String(path))} is not a path`);
  return toBytes(resolvePath(place.cwd, path));
}

export async function readFile(
  place: Place,
  path: string,
  { maxSize = DEFAULT_MAX_SIZE }: ReadOptions,
): Promise<Uint8Array> {
  using found = find(place, pathIn(place, path));
  using file = found.openFile(O.O_RDONLY);
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { bytesRead, buffer } = await readAt(file.fd, Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
    if (bytesRead === 0) return Buffer.concat(chunks);
    size += bytesRead;
    if (size > maxSize)
      throw new KontenerError(`${quoted(file.path)} in the box has more than ${maxSize} bytes`, {
        code: "INVALID",
        hint: "maxSize allows more",
      });
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

export async function writeFile(
  place: Place,
  path: string,
  data: Input,
  { mode = 0o644, append = false }: WriteOptions,
): Promise<void> {
  const full = pathIn(place, path);
  using parent = makeDirectories(place, full.slice(0, full.lastIndexOf("/")));
  using file =
    parent.create(full.slice(full.lastIndexOf("/") + 1), { ...place, mode }) ??
    openExisting(place, full, append);
  for await (const chunk of chunksOf(data)) await writeAll(file.fd, chunk);
}

function openExisting(place: Place, path: ByteString, append: boolean): Handle {
  using found = find(place, path);
  const file = found.openFile(O.O_WRONLY | (append ? O.O_APPEND : 0));
  if (!append) ftruncateSync(file.fd, 0);
  return file;
}

/** mkdir -p: the last of the path's directories, open. Links on the way are followed as in the box. */
export function makeDirectories(place: Place, path: ByteString, mode = 0o755): Handle {
  const parts = path.split("/").filter(Boolean);
  const made: Making = { uid: place.uid, gid: place.gid, mode };
  for (let depth = parts.length; depth >= 0; depth--) {
    const there = `/${parts.slice(0, depth).join("/")}`;
    const directory = place.root.resolve(there, O.O_PATH | O.O_DIRECTORY);
    if (directory) return makeBelow(directory, parts.slice(depth), made);
  }
  throw new KontenerError("the box has no root directory any more", { code: "ENDED" });
}

function makeBelow(directory: Handle, names: readonly ByteString[], made: Making): Handle {
  const [name, ...rest] = names;
  if (name === undefined) return directory;
  using above = directory;
  return makeBelow(above.directory(name, made), rest, made);
}

export function find({ root }: Place, path: ByteString): Handle {
  const found = root.resolve(path);
  if (found) return found;
  throw new KontenerError(`there is no ${quoted(path)} in the box`, { code: "NOT_FOUND" });
}

/** All of a file, in pieces, whoever makes it longer meanwhile: up to `limit` bytes, the number of which is returned. */
export async function copyBytes(from: Handle, to: Handle, limit: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let total = 0; ;) {
    const { bytesRead } = await readAt(from.fd, buffer, 0, CHUNK, null);
    total += bytesRead;
    if (bytesRead === 0 || total > limit) return total;
    await writeAll(to.fd, buffer.subarray(0, bytesRead));
  }
}

async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;)
    at += (await writeAt(fd, bytes, at, bytes.length - at, null)).bytesWritten;
}

async function* chunksOf(data: Input): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof data === "string") yield Buffer.from(data);
  else if (data instanceof Blob) yield* data.stream();
  else if (data instanceof ArrayBuffer) yield new Uint8Array(data);
  else if (ArrayBuffer.isView(data))
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  else for await (const chunk of data) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}
