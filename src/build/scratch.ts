import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { layersDirectory } from "../image/stored.ts";
import { exists } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { AddedLayer } from "../store/add.ts";
import { openOverlay } from "../image/overlay.ts";

/** Hidden among the layers, where `image prune` finds it as well. */
const prefix = ".tmp-build-";

/** A directory for one step, removed at its end; what builds that were killed have left goes with the next build. */
export class Scratch implements AsyncDisposable {
  readonly directory: string;
  readonly #paths: Paths;

  constructor(paths: Paths) {
    this.#paths = paths;
    this.directory = `${layersDirectory(paths)}/${prefix}${process.pid}-${Bun.randomUUIDv7()}`;
    mkdirSync(this.directory, { recursive: true });
  }

  /** What is written to {@link openRoot} lands here. */
  get upper(): string {
    return `${this.directory}/rootfs`;
  }

  /** The root of these layers (lowest first), to be written to: an overlay that nobody else sees. */
  openRoot(layers: readonly AddedLayer[]): string | number {
    mkdirSync(this.upper);
    chmodSync(this.upper, 0o755);
    if (layers.length === 0) return this.upper;
    const lower = [...new Set(layers.map(({ stored }) => stored.name).toReversed())];
    return openOverlay(lower, this.directory, this.#paths);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function removeAbandoned(paths: Paths): Promise<void> {
  for (const name of readdirSync(layersDirectory(paths))) {
    const pid = /^\.tmp-build-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !exists(`/proc/${pid}`))
      await rm(`${layersDirectory(paths)}/${name}`, { recursive: true, force: true });
  }
}
