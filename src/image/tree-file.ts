import { closeSync, ftruncateSync, writeSync } from "node:fs";
import { ioctlRequests } from "../abi/ioctl.ts";
import { tryCall } from "../linux/libc.ts";
import type { ByteString } from "./byte-string.ts";
import { applyMetadata, type Metadata } from "./metadata.ts";
import type { Notes } from "./notes.ts";

/** A regular file that is being made. */
export class TreeFile implements Disposable {
  readonly #fd: number;
  readonly #path: ByteString;
  readonly #notes: Notes;
  #position = 0;

  constructor(fd: number, path: ByteString, notes: Notes) {
    this.#fd = fd;
    this.#path = path;
    this.#notes = notes;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const written = writeSync(this.#fd, bytes, at, bytes.length - at, this.#position);
      at += written;
      this.#position += written;
    }
  }

  /** Shares another file's blocks until one of the two is written to: btrfs and xfs can. False where it cannot be. */
  clone(fd: number): boolean {
    return tryCall("ioctl", this.#fd, ioctlRequests.FICLONE, fd) === 0;
  }

  /** Where the next bytes go: what lies between is a hole. */
  seek(position: number): void {
    this.#position = position;
  }

  /** Ends the file at `size`, where it is longer than what was written. */
  extend(size: number): void {
    ftruncateSync(this.#fd, size);
  }

  /** After the last byte: writing takes set-id bits away, and changes the time. */
  finish(meta: Metadata): void {
    applyMetadata({ fd: this.#fd }, this.#path, meta, this.#notes);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
