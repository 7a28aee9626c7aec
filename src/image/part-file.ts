import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { Digest } from "./digest.ts";

/** The beginning of a download, kept between attempts, with the digest of what is there. */
export class PartFile implements Disposable {
  readonly #fd: number;
  readonly #algorithm: Digest["algorithm"];
  #hash: Bun.CryptoHasher;
  #size = 0;

  private constructor(path: string, algorithm: Digest["algorithm"]) {
    this.#fd = openSync(path, "a", 0o600);
    this.#algorithm = algorithm;
    this.#hash = new Bun.CryptoHasher(algorithm);
  }

  static async open(path: string, algorithm: Digest["algorithm"]): Promise<PartFile> {
    const part = new PartFile(path, algorithm);
    for await (const chunk of Bun.file(path).stream()) part.#count(chunk);
    return part;
  }

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    this.#count(bytes);
  }

  restart(): void {
    ftruncateSync(this.#fd, 0);
    this.#hash = new Bun.CryptoHasher(this.#algorithm);
    this.#size = 0;
  }

  hex(): string {
    return this.#hash.copy().digest("hex");
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #count(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }
}
