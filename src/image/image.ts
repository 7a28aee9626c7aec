import type { ContainerConfig } from "../oci/image-spec.ts";
import type { Mount } from "../oci/runtime-spec.ts";

/** A root file system that is ready to be the lower half of an overlay. */
export type Image = {
  name: string;
  /** `sha256:…` of its config, where it comes from the content-addressed store. */
  id?: string;
  /** Absolute directories, uppermost first, none of them ever written to. */
  layers: string[];
  /** Further mounts that the root file system consists of (`host`: the host's /usr, read-only). */
  mounts: Mount[];
  config: ImageConfig;
};

/** The part of an OCI image config that a container inherits (image-spec config.md). */
export type ImageConfig = ContainerConfig;
