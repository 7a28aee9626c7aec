import { paths as statePaths } from "../../linux/paths.ts";
import { tagImage } from "../../store/tag.ts";
import { verb } from "../verb.ts";

export const tag = verb({
  synopsis: "tag IMAGE NAME[:TAG]",
  summary: "Give an image one more name",
  flags: [],
  words: [2, 2],
  async run({ words: [image, name] }) {
    await tagImage(image!, name!, statePaths());
    return 0;
  },
});
