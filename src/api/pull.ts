import * as v from "valibot";
import { invalid } from "../abi/error.ts";
import type { TransferEvent } from "../image/content.ts";
import { paths as statePaths } from "../linux/paths.ts";
import { parsePlatform } from "../oci/platform.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { refuseUnknown } from "./command-options.ts";
import { warn } from "./warn.ts";

export type PullOptions = {
  /** `"linux/arm64"`. Default: this machine's. */
  platform?: string;
  /** `false` allows plain http, and certificates that nobody knows. Default true. */
  tlsVerify?: boolean;
  /** Told of each layer and of the bytes that arrive. */
  onProgress?: (event: TransferEvent) => void;
  /** Ends it; what is there already is gone on from the next time. */
  signal?: AbortSignal;
};

/** What was pulled. */
export type Pulled = {
  /** Its whole name, which {@link container} takes as well as the short one. */
  reference: string;
  /** `sha256:…` of its configuration. */
  id: string;
  /** `sha256:…` of its manifest. */
  digest: string;
};

const schema = v.strictObject({
  platform: v.exactOptional(v.string()),
  tlsVerify: v.exactOptional(v.boolean()),
  onProgress: v.exactOptional(v.function()),
  signal: v.exactOptional(v.instance(AbortSignal)),
});

/**
 * Gets an image from its registry, as `kontener pull` does: `"redis:7"`, `"registry.example:5000/team/app@sha256:…"`. Layers
 * that are here are not asked for. `container` and `run` do the same for an image that is not here.
 *
 * @throws KontenerError `INVALID` for what is no reference, `NOT_FOUND`, `IMAGE` where the registry refuses, or sends
 *   something else than it should
 * @throws the reason of `signal`, where that was aborted
 */
export async function pull(name: string, options: PullOptions = {}): Promise<Pulled> {
  refuseUnknown(options, Object.keys(schema.entries));
  const checked = v.safeParse(schema, options, { abortEarly: true });
  if (!checked.success) {
    const [issue] = checked.issues;
    throw invalid(`${v.getDotPath(issue) ?? "options"}: ${issue.message}`);
  }
  const { platform, tlsVerify = true, onProgress: onEvent, signal } = options;
  signal?.throwIfAborted();
  const reference = parseReference(name);
  const whole = formatReference(reference);
  const [{ registrySource }, { pullImage }] = await Promise.all([
    import("../registry/source.ts"),
    import("../store/pull.ts"),
  ]);
  const source = registrySource(reference, { onEvent, tlsVerify, signal });
  const { id, digest } = await pullImage(source, {
    paths: statePaths(),
    name: whole,
    platform: platform === undefined ? undefined : parsePlatform(platform),
    onEvent,
    signal,
    say: warn,
  });
  return { reference: whole, id, digest };
}
