import { KontenerError } from "../abi/error.ts";
import { lookUp, type Opened } from "../image/look-up.ts";
import type { Paths } from "../linux/paths.ts";
import { familiarName } from "../oci/reference.ts";
import { listTags } from "./records.ts";

/**
 * The image that a word means: a name, its id, or the beginning of its id where no other's begins so. A name goes first.
 *
 * @throws KontenerError `NOT_FOUND`; `INVALID` where it is no name, or the beginning of several ids
 */
export function openImage(word: string, paths: Paths): Opened {
  const found = lookUp(word, paths);
  if (found) return found;
  const known = listTags(paths)
    .filter(({ reference }) => !reference.includes("@"))
    .map(({ reference }) => familiarName(reference));
  throw new KontenerError(`no image ${JSON.stringify(word)} in the store`, {
    code: "NOT_FOUND",
    hint: known.length > 0 ? `there are ${known.slice(0, 10).join(", ")}` : "there is none yet",
    exitCode: 1,
  });
}
