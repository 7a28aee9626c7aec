import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from "node:fs";
import { errnos } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import { timespecOf } from "../abi/timespec.ts";
import { call, tryCall } from "../linux/libc.ts";
import { Pace } from "../linux/turn.ts";
import { quoted, type ByteString } from "./byte-string.ts";
import type { Metadata } from "./metadata.ts";
import { Notes } from "./notes.ts";
import type { TreeFile } from "./tree-file.ts";
import { TreeWriter } from "./tree-writer.ts";
import { readXattrs } from "./xattrs.ts";

const [SEEK_DATA, SEEK_HOLE] = [3, 4];
const CHUNK = 256 << 10;

/**
 * Copies a directory as it is: types, modes, owners, times, hard links, devices, attributes and holes. Sockets stay behind,
 * and what is mounted below: a mount point becomes an empty directory. `layer`: from one overlay's upper directory to
 * another's. `firstIds`: the numbers that become 0, where the tree is seen through a user namespace's mapping. Nobody else may change the directory meanwhile: others have their turns on the event loop.
 */
export async function copyTree(
  from: string,
  to: string,
  say: (line: string) => void,
  layer: boolean = false,
  firstIds: Ids = { uid: 0, gid: 0 },
): Promise<void> {
  const pace = new Pace();
  using writer = new TreeWriter(to, new Notes(say));
  const root = Buffer.from(from).toString("latin1");
  const { dev } = lstat(root);
  const firstNames = new Map<bigint, ByteString>();
  const visit = async (path: ByteString): Promise<void> => {
    await pace.rest();
    const source = `${root}/${path}`;
    const stat = lstat(source);
    const linked = stat.nlink > 1n && stat.dev === dev && !stat.isDirectory();
    const first = linked ? firstNames.get(stat.ino) : undefined;
    if (first !== undefined) return writer.link(path, first);
    if (linked) firstNames.set(stat.ino, path);
    await copyOne(source, path, stat, writer, { layer, firstIds }, pace);
    if (!stat.isDirectory() || stat.dev !== dev) return;
    const names = readdirSync(bytes(source), { encoding: "buffer" });
    for (const name of names) await visit(`${path}/${name.toString("latin1")}`);
  };
  await visit("");
  writer.finish();
}

async function copyOne(
  source: ByteString,
  path: ByteString,
  stat: BigIntStats,
  writer: TreeWriter,
  { layer, firstIds }: { layer: boolean; firstIds: Ids },
  pace: Pace,
): Promise<void> {
  const meta = { ...metadataOf(source, stat, firstIds), layer };
  if (stat.isDirectory()) writer.directory(path, meta);
  else if (stat.isSymbolicLink()) writer.symlink(path, readlinkSync(bytes(source), "latin1"), meta);
  else if (stat.isFIFO()) writer.node(path, "fifo", 0, 0, meta);
  else if (stat.isCharacterDevice() || stat.isBlockDevice()) {
    const type = stat.isBlockDevice() ? "block-device" : "character-device";
    writer.node(path, type, major(stat.rdev), minor(stat.rdev), meta);
  } else if (stat.isFile()) {
    using file = writer.file(path);
    await copyContent(source, file, pace);
    file.finish(meta);
  }
}

type Ids = { uid: number; gid: number };

/** What lies outside of the mapping is a place of the host's for a mount: root's. */
const counted = (id: bigint, first: number): number => Math.max(0, Number(id) - first);

export function metadataOf(
  source: ByteString,
  stat: BigIntStats,
  first: Ids = { uid: 0, gid: 0 },
): Metadata {
  return {
    mode: Number(stat.mode & 0o7777n),
    uid: counted(stat.uid, first.uid),
    gid: counted(stat.gid, first.gid),
    mtime: timespecOf(stat.mtimeNs),
    xattrs: readXattrs(source),
  };
}

/** Shared where the file system can; else only what is stored: lseek(2) finds the holes. */
async function copyContent(source: ByteString, file: TreeFile, pace: Pace): Promise<void> {
  const fd = openSync(bytes(source), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (file.clone(fd)) return;
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let end = 0; ;) {
      const start = tryCall("lseek", fd, end, SEEK_DATA);
      if (start === -errnos.ENXIO) break; // no more data
      if (start < 0) throw new SyscallError({ call: "lseek", args: quoted(source), errno: -start });
      end = call("lseek", fd, start, SEEK_HOLE);
      file.seek(start);
      for (let at = start; at < end;) {
        const length = readSync(fd, buffer, 0, Math.min(CHUNK, end - at), at);
        if (length === 0) break; // it became shorter meanwhile
        file.write(buffer.subarray(0, length));
        at += length;
        await pace.rest();
      }
    }
    file.extend(fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

const bytes = (path: ByteString): Buffer => Buffer.from(path, "latin1");
const lstat = (path: ByteString): BigIntStats => lstatSync(bytes(path), { bigint: true });

/** gnu_dev_major() and gnu_dev_minor(), as stat(2) packs them. */
export const major = (device: bigint): number =>
  Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n));
export const minor = (device: bigint): number =>
  Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n));
