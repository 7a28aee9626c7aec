import { imageUsers } from "../../engine/image-users.ts";
import { isImageName } from "../../image/record.ts";
import { removeImage as removePrepared, storedImage } from "../../image/store.ts";
import { paths as statePaths, type Paths } from "../../linux/paths.ts";
import { familiarName } from "../../oci/reference.ts";
import { removeImage } from "../../store/remove.ts";
import { oneByOne } from "../one-by-one.ts";
import { verb } from "../verb.ts";

export const rmi = verb({
  synopsis: "rmi [flags] IMAGE…",
  summary: "Remove images, or names of images that have several",
  flags: [{ name: "force", short: "f", help: "by id: also one that has several names" }],
  words: [1, Infinity],
  async run({ words, has }) {
    const paths = statePaths();
    return await oneByOne(words, async (word) => {
      for (const line of await remove(word, has("force"), paths)) console.log(line);
    });
  },
});

async function remove(word: string, force: boolean, paths: Paths): Promise<string[]> {
  if (isImageName(word) && storedImage(word, paths)) {
    await removePrepared(word, paths);
    return [`Deleted: ${word}`];
  }
  const users = (id: string) => imageUsers(id, paths);
  const { untagged, deleted } = await removeImage(word, { paths, users, force });
  return [
    ...untagged.map((name) => `Untagged: ${familiarName(name)}`),
    ...(deleted === undefined ? [] : [`Deleted: ${deleted}`]),
  ];
}
