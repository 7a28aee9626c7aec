import { invalid, KontenerError } from "../abi/error.ts";

/** A content's digest in the OCI's spelling, `sha256:…` or `sha512:…` (image-spec descriptor.md). */
export type Digest = { algorithm: "sha256" | "sha512"; hex: string };

export function parseDigest(text: string): Digest {
  const match = /^(?:(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128}))$/i.exec(text);
  if (!match) {
    throw invalid(
      `${JSON.stringify(text)} is not a digest`,
      "it looks like sha256:HEX with 64 hexadecimal digits, or sha512:HEX with 128",
    );
  }
  const algorithm = match[1] ? "sha256" : "sha512";
  return { algorithm, hex: (match[2] ?? match[4])!.toLowerCase() };
}

export const formatDigest = ({ algorithm, hex }: Digest): string => `${algorithm}:${hex}`;

/** @throws KontenerError `IMAGE` where `actual` is another content's */
export function verifyDigest(what: string, expected: Digest, actual: string): void {
  if (actual === expected.hex) return;
  const got = formatDigest({ ...expected, hex: actual });
  throw new KontenerError(
    `${what} is not what was asked for: its digest is ${got}, wanted ${formatDigest(expected)}`,
    { code: "IMAGE", hint: "it was not used; another mirror may have the right one" },
  );
}

export async function fileDigest(path: string, algorithm: Digest["algorithm"]): Promise<string> {
  const hash = new Bun.CryptoHasher(algorithm);
  for await (const chunk of Bun.file(path).stream()) hash.update(chunk);
  return hash.digest("hex");
}
