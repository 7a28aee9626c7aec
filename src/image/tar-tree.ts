import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { Pace } from "../linux/turn.ts";
import { quoted, type ByteString } from "./byte-string.ts";
import { major, metadataOf, minor } from "./copy-tree.ts";
import type { Notes } from "./notes.ts";
import { padding, tarEnd, tarHead, type TarHead } from "./tar-writer.ts";

const CHUNK = 256 << 10;

/** Attributes of this machine, or of overlayfs: they are not part of what an image holds (as in docker's layers). */
const machineAttribute = /^(trusted\.overlay\.|user\.overlay\.|security\.(selinux|ima|evm)$)/;

export type TarTreeOptions = {
  /** It is an overlay's upper directory: what is deleted in it becomes `.wh.` entries (image-spec layer.md, "Whiteouts"). */
  layer?: boolean;
  /** Paths from the tree's root, `etc/hosts`, that are left out with what is below. */
  omit?: ReadonlySet<ByteString>;
};

/**
 * A directory as a tar archive, each directory before what is in it, names in the order of their bytes: the same tree always
 * gives the same archive. Sockets are left out, and holes are written as zeros. Nobody else may change the tree meanwhile.
 *
 * @throws KontenerError `IMAGE` for a name that a layer cannot have
 */
export async function* tarTree(
  directory: string,
  notes: Notes,
  { layer = false, omit = new Set() }: TarTreeOptions = {},
): AsyncGenerator<Uint8Array> {
  const root = Buffer.from(directory).toString("latin1");
  const pace = new Pace();
  const firstNames = new Map<string, ByteString>();
  async function* visit(path: ByteString): AsyncGenerator<Uint8Array> {
    await pace.rest();
    const source = path === "" ? `${root}/.` : `${root}/${path}`;
    const stat = lstatSync(bytes(source), { bigint: true });
    if (layer && isWhiteout(stat)) return void (yield tarHead(mark(whiteoutOf(path))));
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (layer && name.startsWith(".wh.")) throw unspeakable(path);
    const meta = metadataOf(source, stat);
    const xattrs = new Map([...meta.xattrs].filter(([key]) => !machineAttribute.test(key)));
    const common = { ...meta, xattrs, path: stat.isDirectory() ? `${path || "."}/` : path };
    if (stat.isDirectory()) {
      yield tarHead({ ...common, type: "directory" });
      if (layer && meta.xattrs.get("trusted.overlay.opaque")?.[0] === Y)
        yield tarHead(mark(path === "" ? ".wh..wh..opq" : `${path}/.wh..wh..opq`));
      const names = readdirSync(bytes(source), { encoding: "buffer" });
      for (const child of names.map((n) => n.toString("latin1")).toSorted(byteOrder)) {
        const below = path === "" ? child : `${path}/${child}`;
        if (!omit.has(below)) yield* visit(below);
      }
      return;
    }
    const inode = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1n ? firstNames.get(inode) : undefined;
    if (first !== undefined)
      return void (yield tarHead({ ...common, xattrs: new Map(), type: "link", linkPath: first }));
    if (stat.nlink > 1n) firstNames.set(inode, path);
    if (stat.isFile()) yield* file(source, { ...common, type: "file", size: Number(stat.size) });
    else {
      const head = otherHead(source, stat, common);
      if (head) yield tarHead(head);
      else notes.once("sockets are left out: they mean nothing without their process");
    }
  }
  yield* visit("");
  yield tarEnd();
}

type Common = Omit<TarHead, "type">;

function otherHead(source: ByteString, stat: BigIntStats, common: Common): TarHead | undefined {
  if (stat.isSymbolicLink())
    return { ...common, type: "symlink", linkPath: readlinkSync(bytes(source), "latin1") };
  if (stat.isFIFO()) return { ...common, type: "fifo" };
  if (stat.isSocket()) return undefined;
  const type = stat.isBlockDevice() ? "block-device" : "character-device";
  return { ...common, type, major: major(stat.rdev), minor: minor(stat.rdev) };
}

/** Exactly as many bytes as the header says, whatever happens to the file. */
async function* file(source: ByteString, head: TarHead & { size: number }) {
  yield tarHead(head);
  const fd = openSync(bytes(source), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let left = head.size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, left));
      const length = readSync(fd, buffer, 0, buffer.length, null);
      if (length === 0) throw shrunk(source);
      yield buffer.subarray(0, length);
      left -= length;
    }
  } finally {
    closeSync(fd);
  }
  yield padding(head.size);
}

/** An empty file whose name says what is not there any more. */
const mark = (path: ByteString): TarHead => ({
  type: "file",
  path,
  mode: 0o600,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
});

const isWhiteout = (stat: BigIntStats): boolean => stat.isCharacterDevice() && stat.rdev === 0n;

const whiteoutOf = (path: ByteString): ByteString => path.replace(/[^/]*$/, ".wh.$&");

const unspeakable = (path: ByteString): KontenerError =>
  new KontenerError(`a layer cannot have ${quoted(path)}: names in .wh. mark what is deleted`, {
    code: "IMAGE",
    hint: "rename that file in the container",
  });

const shrunk = (path: ByteString): KontenerError =>
  new KontenerError(`${quoted(path)} became shorter while it was read`, {
    code: "IMAGE",
    hint: "try again when nothing writes to it",
  });

const Y = "y".charCodeAt(0);
const bytes = (path: ByteString): Buffer => Buffer.from(path, "latin1");
const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
