/** Archives that no sane program writes: headers field by field, as POSIX has them. */
export type Raw = {
  name: string;
  type?: string;
  linkname?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  content?: string | Uint8Array;
  /** Instead of the content's. */
  size?: number;
  major?: number;
  minor?: number;
  prefix?: string;
  pax?: Record<string, string | Uint8Array>;
  magic?: string;
};

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

const octal = (value: number, length: number): string =>
  `${value.toString(8).padStart(length - 1, "0")}\0`;

const bytesOf = (content: string | Uint8Array): Buffer => Buffer.from(content as string);

const padded = (bytes: Uint8Array): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

export function header(raw: Raw): Buffer {
  const block = Buffer.alloc(512);
  const size = raw.size ?? (raw.content === undefined ? 0 : bytesOf(raw.content).length);
  block.write(raw.name, 0, 100);
  block.write(octal(raw.mode ?? (raw.type === "5" ? 0o755 : 0o644), 8), 100);
  block.write(octal(raw.uid ?? owner.uid, 8), 108);
  block.write(octal(raw.gid ?? owner.gid, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(raw.mtime ?? 1_700_000_000, 12), 136);
  block.write(raw.type ?? "0", 156);
  block.write(raw.linkname ?? "", 157, 100);
  block.write(raw.magic ?? "ustar\x0000", 257);
  block.write(octal(raw.major ?? 0, 8), 329);
  block.write(octal(raw.minor ?? 0, 8), 337);
  block.write(raw.prefix ?? "", 345, 155);
  return checksummed(block);
}

export function checksummed(block: Buffer): Buffer {
  block.fill(" ", 148, 156);
  const sum = block.reduce((a, b) => a + b, 0);
  block.write(`${octal(sum, 7)} `, 148);
  return block;
}

export function paxBody(records: Record<string, string | Uint8Array>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([keyword, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${keyword}=`), bytesOf(value), Buffer.from("\n")]);
      let length = rest.length;
      while (length !== rest.length + String(length).length)
        length = rest.length + String(length).length;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

export function entry(raw: Raw): Buffer {
  const parts: Buffer[] = [];
  if (raw.pax) {
    const body = paxBody(raw.pax);
    parts.push(header({ name: "pax", type: "x", size: body.length }), padded(body));
  }
  parts.push(header(raw));
  if (raw.content !== undefined) parts.push(padded(bytesOf(raw.content)));
  return Buffer.concat(parts);
}

export const END = Buffer.alloc(1024);

export const archive = (...entries: Raw[]): Buffer => Buffer.concat([...entries.map(entry), END]);

/** The bytes in pieces of `size`. */
export async function* chunks(bytes: Uint8Array, size = 65536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
