import { findContainer } from "../../engine/list.ts";
import { rootLayers } from "../../engine/root-layers.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { exportTree } from "../../store/export.ts";
import { output } from "../output.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";

export const exportContainer = verb({
  synopsis: "export [flags] CONTAINER",
  summary: "Write a container's root file system into a tar archive",
  flags: [
    { name: "output", short: "o", value: "FILE", help: "where to; without it, standard output" },
  ],
  words: [1, 1],
  async run({ words, value }) {
    const paths = statePaths();
    const directories = await rootLayers(findContainer(words[0]!, paths));
    await using out = output(value("output"), "export");
    await exportTree(directories, paths, say, out.write);
    await out.finish();
    return 0;
  },
});
