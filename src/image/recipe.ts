import type { Arch } from "../abi/syscall.ts";
import type { ImageConfig } from "./image.ts";

/** A root file system that somebody publishes as an archive, pinned: what `rootfs/` consists of. */
export type ArchiveRecipe = {
  name: string;
  version: string;
  /** Where the paths start; another one is named by `mirrorVariable` in the environment. */
  mirror: string;
  mirrorVariable: string;
  archives: Record<Arch, { path: string; digest: string }>;
  config: ImageConfig;
};

/** A single program that is a root file system by itself. */
export type EmbeddedRecipe = {
  name: string;
  version: string;
  /** Of the file in the npm package, for each architecture that the package has. */
  digests: Partial<Record<Arch, string>>;
  config: ImageConfig;
};
