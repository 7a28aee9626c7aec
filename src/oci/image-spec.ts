/** The shapes of the OCI image specification v1.1, of which Docker's schema 2 is a dialect with other media types. */

/** image-spec descriptor.md: what a blob is, how long, and its digest. */
export type Descriptor = {
  mediaType: string;
  /** `sha256:…` of exactly `size` bytes. */
  digest: string;
  size: number;
  platform?: Platform;
  annotations?: Record<string, string>;
  /** Where a foreign layer lies, if not in the registry. */
  urls?: string[];
};

/** image-spec image-index.md, in Go's words: `linux`, `amd64`, `v8`. */
export type Platform = { os: string; architecture: string; variant?: string };

/** image-spec image-index.md; Docker's "manifest list". */
export type Index = { schemaVersion: 2; mediaType?: string; manifests: Descriptor[] };

/** image-spec manifest.md. Layers lie lowest first. */
export type Manifest = {
  schemaVersion: 2;
  mediaType?: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
};

/** image-spec config.md: the blob that `Manifest.config` describes. */
export type ImageFile = Platform & {
  created?: string;
  author?: string;
  config?: ContainerConfig;
  rootfs: { type: "layers"; diff_ids: string[] };
  history?: History[];
};

/** image-spec config.md "history": `empty_layer` entries have no layer of their own. */
export type History = {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
};

/** What a container inherits (image-spec config.md "config"; Healthcheck, Shell and OnBuild are Docker's). Durations in ns. */
export type ContainerConfig = {
  User?: string;
  ExposedPorts?: Record<string, object>;
  Env?: string[];
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  Healthcheck?: HealthcheckConfig;
  Shell?: string[];
  OnBuild?: string[] | null;
};

export type HealthcheckConfig = {
  /** `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", line]`. */
  Test?: string[] | null;
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
};

/** By kind, OCI's spelling first: it is the one that we write. */
export const mediaTypes = {
  index: [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
  ],
  manifest: [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
  ],
  config: [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
  ],
} as const;

export const isIndexType = (type: string): boolean =>
  (mediaTypes.index as readonly string[]).includes(type);
export const isManifestType = (type: string): boolean =>
  (mediaTypes.manifest as readonly string[]).includes(type);
