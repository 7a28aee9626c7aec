import { exclusively } from "../../engine/exclusive.ts";
import { findContainer } from "../../engine/list.ts";
import { renameContainer } from "../../engine/rename.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { verb } from "../verb.ts";

export const rename = verb({
  synopsis: "rename CONTAINER NAME",
  summary: "Give a container another name",
  flags: [],
  words: [2, 2],
  async run({ words: [word = "", name = ""] }) {
    const paths = statePaths();
    const entry = findContainer(word, paths);
    await exclusively(entry, paths, (now) => renameContainer(now, name, paths));
    return 0;
  },
});
