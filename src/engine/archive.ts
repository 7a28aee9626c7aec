import { fstatSync, readSync, type BigIntStats } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { timespecOf } from "../abi/timespec.ts";
import { quoted, type ByteString } from "../image/byte-string.ts";
import { O, type Handle } from "../image/directory.ts";
import type { Notes } from "../image/notes.ts";
import { padding, tarEnd, tarHead, type TarHead } from "../image/tar-writer.ts";
import { Pace } from "../linux/turn.ts";

const CHUNK = 256 << 10;
/** Directories one inside the other: each is open while it is walked. */
const DEEPEST = 400;

export type ArchiveOptions = {
  /** Whose everything is in the archive; undefined: whose it is. Then set-id bits are left out as well. */
  owner?: { uid: number; gid: number } | undefined;
  /** What stands for root there: owners are counted from it on. */
  base: { uid: number; gid: number };
  notes: Notes;
};

/**
 * What is behind an open file or directory as a tar archive, `name` its path in there; without a name only what is in the
 * directory. All by descriptors, no link is followed: whoever changes the tree meanwhile, as a container may, changes what is
 * in the archive, and not where it is read from. Devices and sockets are left out.
 */
export async function* archive(
  top: Handle,
  name: ByteString | undefined,
  { owner, base, notes }: ArchiveOptions,
): AsyncGenerator<Uint8Array> {
  const pace = new Pace();
  const firstNames = new Map<string, ByteString>();
  async function* visit(
    handle: Handle,
    path: ByteString,
    depth: number,
  ): AsyncGenerator<Uint8Array> {
    await pace.rest();
    const stat = fstatSync(handle.fd, { bigint: true });
    const head = { ...headOf(stat, owner, base), path };
    if (stat.isDirectory()) {
      if (depth > DEEPEST) throw tooDeep(path);
      if (path !== "") yield tarHead({ ...head, type: "directory", path: `${path}/` });
      for (const child of handle.names()) {
        using below = handle.child(child);
        if (below) yield* visit(below, path === "" ? child : `${path}/${child}`, depth + 1);
      }
      return;
    }
    const first = stat.nlink > 1n ? firstNames.get(`${stat.dev}:${stat.ino}`) : undefined;
    if (first !== undefined)
      return void (yield tarHead({ ...head, type: "link", linkPath: first }));
    if (stat.isFile()) yield* content(handle, { ...head, type: "file", size: Number(stat.size) });
    else if (stat.isSymbolicLink())
      yield tarHead({ ...head, type: "symlink", linkPath: handle.target() });
    else if (stat.isFIFO()) yield tarHead({ ...head, type: "fifo" });
    else return notes.once(`left out, as it is a device or a socket: ${quoted(path)}`);
    if (stat.nlink > 1n) firstNames.set(`${stat.dev}:${stat.ino}`, path);
  }
  yield* visit(top, name ?? "", 0);
  yield tarEnd();
}

function headOf(
  stat: BigIntStats,
  owner: ArchiveOptions["owner"],
  base: ArchiveOptions["base"],
): Omit<TarHead, "type" | "path"> {
  return {
    mode: Number(stat.mode) & (owner ? 0o1777 : 0o7777),
    uid: owner?.uid ?? Math.max(0, Number(stat.uid) - base.uid),
    gid: owner?.gid ?? Math.max(0, Number(stat.gid) - base.gid),
    mtime: timespecOf(stat.mtimeNs),
  };
}

/** Exactly as many bytes as the header says, whatever happens to the file. */
async function* content(handle: Handle, head: TarHead & { size: number }) {
  using file = handle.openFile(O.O_RDONLY);
  yield tarHead(head);
  for (let left = head.size; left > 0;) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, left));
    const length = readSync(file.fd, buffer, 0, buffer.length, null);
    if (length === 0) throw shrunk(head.path);
    yield buffer.subarray(0, length);
    left -= length;
  }
  yield padding(head.size);
}

const tooDeep = (path: ByteString): KontenerError =>
  new KontenerError(`${quoted(path)} is more than ${DEEPEST} directories deep`, {
    code: "INVALID",
  });

const shrunk = (path: ByteString): KontenerError =>
  new KontenerError(`${quoted(path)} became shorter while it was read`, {
    code: "CONFLICT",
    hint: "try again when nothing writes to it, or kontener pause the container meanwhile",
  });
