import type { RuntimeSpec } from "./runtime-spec.ts";

/** What kontener needs to say in a config.json beyond the specification, under names of its own. */
export const annotations = {
  /** JSON array of absolute directories, uppermost first: the read-only layers below the overlay. */
  layers: "dev.kontener.layers",
  /** Absolute directory that holds the overlay's upper, work and merged directories. */
  scratch: "dev.kontener.scratch",
  /** "memory": the upper directory is on a tmpfs that only the container sees. */
  scratchType: "dev.kontener.scratch-type",
  /** "true": a reaper is PID 1 and the command is its child. */
  init: "dev.kontener.init",
  /** What asks it to end; the image specification's name for it (conversion.md). */
  stopSignal: "org.opencontainers.image.stopSignal",
} as const;

export type Overlay = { layers: string[]; scratch: string; inMemory: boolean };

/** The overlay that a specification asks for; undefined where `root.path` is used as it is. */
export function overlayOf(spec: RuntimeSpec): Overlay | undefined {
  const layers = spec.annotations?.[annotations.layers];
  const scratch = spec.annotations?.[annotations.scratch];
  if (layers === undefined || scratch === undefined) return undefined;
  const inMemory = spec.annotations?.[annotations.scratchType] === "memory";
  return { layers: JSON.parse(layers) as string[], scratch, inMemory };
}
