import type { Descriptor } from "../oci/image-spec.ts";

/**
 * Where an image's content comes from: a registry, an OCI layout, a `docker save` archive. The store reads every source in
 * the same way, and verifies what it gets: a source is not trusted.
 */
export type ContentSource = {
  /** What the messages call it: `registry.example/a/b:tag`, `/tmp/image.tar`. */
  name: string;
  /** The manifest or index that is meant, and its bytes as they are hashed. */
  root(): Promise<{ descriptor: Descriptor; bytes: Uint8Array }>;
  /** The bytes of a small blob: a manifest of an index, a config. At most 4 MB (distribution-spec "manifests"). */
  read(descriptor: Descriptor): Promise<Uint8Array>;
  /** A layer's bytes as they are stored there (compressed), from `offset` on. Aborting the signal ends the stream. */
  stream(
    descriptor: Descriptor,
    offset: number,
    signal?: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>>;
};

/** Where an image's content goes to: `push` and `save`. */
export type ContentSink = {
  name: string;
  /** Whether it has the blob already; may mount it from a repository that it knows of. */
  has(descriptor: Descriptor): Promise<boolean>;
  /** `open` may be called again, for a retry. */
  write(descriptor: Descriptor, open: () => ReadableStream<Uint8Array>): Promise<void>;
  /** Last of all: the manifest or index, under the name that the sink was opened with. */
  finish(descriptor: Descriptor, bytes: Uint8Array): Promise<void>;
};

/** What a transfer tells whoever watches: progress bars, or a line per layer. */
export type TransferEvent =
  | {
      type: "layer";
      digest: string;
      size: number;
      state: "exists" | "started" | "unpacked" | "done";
    }
  | { type: "bytes"; digest: string; received: number }
  | { type: "retry"; digest: string; reason: string };
