import { KontenerError, invalid } from "../abi/error.ts";
import type { Descriptor } from "../oci/image-spec.ts";

/** The digest of bytes, as content is addressed by it. */
export const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;

/** Content is addressed by sha256 here, as everywhere in practice; the specification allows sha512. */
export function checkDigest(digest: string): void {
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return;
  throw invalid(`${JSON.stringify(digest.slice(0, 200))} is not a sha256 digest`);
}

/** @throws KontenerError `IMAGE` where bytes are not what a descriptor says */
export function verify(bytes: Uint8Array, { digest, size }: Descriptor, from: string): void {
  checkDigest(digest);
  verifySize(bytes.length, { digest, size }, from);
  verifyHex(sha256(bytes), digest, from);
}

export function verifySize(
  actual: number,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  from: string,
): void {
  if (actual === size) return;
  throw new Mismatch(`${from}: ${digest} should have ${size} bytes, and has ${actual}`);
}

export function verifyHex(actual: string, wanted: string, from: string): void {
  if (actual === wanted) return;
  throw new Mismatch(
    `${from} sent something else than what was asked for: ${actual}, not ${wanted}`,
  );
}

/** What came is not what its descriptor says. */
export class Mismatch extends KontenerError {
  constructor(message: string) {
    const hint = "it was not used; try again, or ask whoever runs the source";
    super(message, { code: "IMAGE", hint });
  }
}

/**
 * The name of a layer's directory: 128 bits of its digest, in few letters. An image-spec chain id differs from a diff id
 * where there are layers below; the lowest layer's is told apart by the prefix.
 */
export const layerName = (diffId: string): string =>
  BigInt(`0x${diffId.slice("sha256:".length).slice(0, 32)}`)
    .toString(36)
    .padStart(25, "0");
export const chainName = (chainId: string): string => layerName(sha256(`chain ${chainId}`));

/** image-spec config.md, "Layer ChainID": of each layer with those below it. */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : sha256(`${below} ${diffId}`));
  }
  return chain;
}
