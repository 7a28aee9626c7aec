import { invalid } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import { wholeName } from "../oci/reference.ts";
import { adding } from "./lock.ts";
import { openImage } from "./open.ts";
import { writeTag } from "./records.ts";

/** Gives an image one more name. @throws KontenerError `NOT_FOUND`, `INVALID` */
export async function tagImage(word: string, name: string, paths: Paths): Promise<void> {
  const whole = wholeName(name);
  if (whole.includes("@"))
    throw invalid(`${name} is a digest, which only a pull gives`, "choose a name with a tag");
  await adding(paths, async () => writeTag(whole, openImage(word, paths).image.id, paths));
}
