import { KontenerError } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import { wholeName } from "../oci/reference.ts";
import { idsLike, readStored, readTag, type StoredImage } from "./stored.ts";

/** An image, and the name by which it was found: undefined where that was its id. */
export type Opened = { image: StoredImage; name: string | undefined };

/**
 * The image of the store that a word means: a name, its id, or the beginning of its id where no other's begins so. A name
 * goes first. Undefined where there is none.
 *
 * @throws KontenerError `INVALID` where it is no name, or the beginning of several ids
 */
export function lookUp(word: string, paths: Paths): Opened | undefined {
  // 64 hexadecimal digits are never a name, says the grammar of references.
  const isId = /^(?:sha256:[0-9a-f]{1,64}|[0-9a-f]{64})$/.test(word);
  const name = isId ? undefined : wholeName(word);
  const tagged = name === undefined ? undefined : readTag(name, paths);
  const ids = tagged === undefined ? idsLike(word, paths) : [tagged];
  if (ids.length > 1)
    throw new KontenerError(`${JSON.stringify(word)} is the beginning of several images' ids`, {
      code: "INVALID",
      hint: `one of ${ids.map((id) => id.slice(7, 19)).join(", ")}`,
      exitCode: 1,
    });
  const image = ids[0] === undefined ? undefined : readStored(ids[0], paths);
  return image && { image, name: tagged === undefined ? undefined : name };
}
