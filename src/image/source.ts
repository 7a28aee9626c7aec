import { existsSync, realpathSync, statSync } from "node:fs";
import { invalid, KontenerError } from "../abi/error.ts";
import { archOf } from "../abi/syscall.ts";
import type { Paths } from "../linux/paths.ts";
import { archiveRecipes } from "../../rootfs/recipes.ts";
import { shellConfig } from "./config.ts";
import { fileDigest, parseDigest, verifyDigest, type Digest } from "./digest.ts";
import type { ImageConfig } from "./image.ts";

export type SourceRequest = {
  /** The image's name. */
  name: string;
  /** A tar archive, a directory or an http(s) URL; without it, what `rootfs/` knows under the name. */
  from?: string | undefined;
  /** `sha256:…` or `sha512:…` of the archive; needed for a URL. */
  digest?: string | undefined;
  /** Takes the place of the recipe's mirror, as its environment variable does. */
  mirror?: string | undefined;
};

/** What an image is made of. */
export type Source = { config: ImageConfig } & (
  | { kind: "url"; location: string; digest: Digest }
  | { kind: "archive"; location: string; digest: Digest }
  | { kind: "directory"; location: string; digest?: undefined }
);

/**
 * Finds out what a request names; a local archive is verified here.
 *
 * @throws KontenerError `INVALID`, `NOT_FOUND`, or `IMAGE` for a wrong digest
 */
export async function sourceOf(request: SourceRequest, paths: Paths): Promise<Source> {
  const { name, from } = request;
  const digest = request.digest === undefined ? undefined : parseDigest(request.digest);
  if (from === undefined) return recipeSource(request);
  const config = shellConfig;
  if (/^https?:\/\//i.test(from)) {
    if (digest) return { kind: "url", location: from, digest, config };
    throw invalid(
      `what comes from ${from} has to be known by its digest`,
      `kontener prepare ${name} --from URL --digest sha256:HEX`,
    );
  }
  if (!existsSync(from)) {
    throw new KontenerError(`there is no ${from}`, {
      code: "NOT_FOUND",
      hint: "--from takes a tar archive, a directory or an http(s) URL",
    });
  }
  const location = realpathSync(from);
  const stat = statSync(location);
  if (stat.isDirectory()) {
    if (digest) throw invalid("a directory has no digest", "leave out --digest");
    if (`${paths.lib}/`.startsWith(location === "/" ? "/" : `${location}/`))
      throw invalid(`${from} contains the images themselves`, "choose a directory in it");
    return { kind: "directory", location, config };
  }
  if (!stat.isFile()) throw invalid(`${from} is neither a file nor a directory`);
  const algorithm = digest?.algorithm ?? "sha256";
  const hex = await fileDigest(location, algorithm);
  if (digest) verifyDigest(location, digest, hex);
  return { kind: "archive", location, digest: { algorithm, hex }, config };
}

function recipeSource({ name, mirror, digest }: SourceRequest): Source {
  const recipe = Object.hasOwn(archiveRecipes, name) ? archiveRecipes[name] : undefined;
  if (!recipe) {
    throw invalid(
      `no recipe for ${name}; there are ${[...Object.keys(archiveRecipes), "busybox"].join(", ")}`,
      `name a source: kontener prepare ${name} --from ARCHIVE, DIRECTORY or URL`,
    );
  }
  const archive = recipe.archives[archOf(process.arch)];
  const base = mirror ?? (process.env[recipe.mirrorVariable] || recipe.mirror);
  return {
    kind: "url",
    location: `${base.replace(/\/+$/, "")}/${archive.path}`,
    digest: parseDigest(digest ?? archive.digest),
    config: recipe.config,
  };
}
