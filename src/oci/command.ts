import type { ImageConfig } from "../image/image.ts";
import type { ContainerOptions } from "../spec/options.ts";

/** Docker's rule: an entrypoint given by option forgets the image's command as well. */
export function commandOf(options: ContainerOptions, config: ImageConfig): string[] {
  const entrypoint = options.entrypoint ?? config.Entrypoint ?? [];
  const command = options.command?.length
    ? options.command
    : options.entrypoint
      ? []
      : (config.Cmd ?? []);
  return [...entrypoint, ...command];
}
