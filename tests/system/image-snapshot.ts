/** A directory tree as text, everything that an archive can say about it: for comparing two of them. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, type BigIntStats } from "node:fs";
import { cbytes } from "../../src/image/byte-string.ts";
import { tryCall } from "../../src/linux/libc.ts";

const bytes = (name: string): Buffer => Buffer.from(name, "latin1");

/** A line for each file: path, type and mode, owner, size, time, device, target, digest, hard links, attributes. */
export function snapshot(root: string): string[] {
  const lines: string[] = [];
  const firstNames = new Map<bigint, string>();
  const visit = (path: string) => {
    const stat = lstatSync(bytes(root + path), { bigint: true });
    const name = firstNames.get(stat.ino) ?? path;
    firstNames.set(stat.ino, name);
    lines.push([JSON.stringify(path), ...describe(root + path, stat), `=${name}`].join(" "));
    if (!stat.isDirectory()) return;
    const names = readdirSync(bytes(root + path), { encoding: "buffer" });
    for (const child of names.map((n) => n.toString("latin1")).toSorted())
      visit(`${path}/${child}`);
  };
  visit("");
  return lines;
}

function describe(path: string, stat: BigIntStats): string[] {
  const isNode = stat.isCharacterDevice() || stat.isBlockDevice();
  return [
    stat.mode.toString(8),
    `${stat.uid}:${stat.gid}`,
    stat.isDirectory() ? "" : String(stat.size),
    `@${stat.mtimeNs}`,
    isNode ? `device ${stat.rdev}` : "",
    stat.isSymbolicLink() ? `-> ${readlinkSync(bytes(path), "latin1")}` : "",
    stat.isFile()
      ? createHash("sha256")
          .update(readFileSync(bytes(path)))
          .digest("hex")
      : "",
    xattrs(path).join(),
  ];
}

/** `name=hex`, sorted: llistxattr(2), lgetxattr(2). */
function xattrs(path: string): string[] {
  const list = Buffer.alloc(65536);
  const length = tryCall("llistxattr", cbytes(path), list, list.length);
  if (length <= 0) return [];
  return list
    .toString("latin1", 0, length - 1)
    .split("\0")
    .map((name) => {
      const value = Buffer.alloc(65536);
      const size = tryCall("lgetxattr", cbytes(path), cbytes(name), value, value.length);
      return `${name}=${value.toString("hex", 0, Math.max(size, 0))}`;
    })
    .toSorted();
}
