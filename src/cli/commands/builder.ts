import { paths as statePaths } from "../../linux/paths.ts";
import { group } from "../group.ts";
import { say } from "../report.ts";
import { decimalSize } from "../size.ts";
import { verb } from "../verb.ts";

const prune = verb({
  synopsis: "builder prune [flags]",
  summary: "Remove what builds keep for later ones: cache mounts, and layers that no image has",
  flags: [
    { name: "all", short: "a", help: "the next build also does again what images have" },
    { name: "force", short: "f", help: "docker's flag: nothing is asked anyway" },
  ],
  words: [1, 1],
  async run({ has }) {
    const { pruneBuildCache } = await import("../../build/prune.ts");
    const bytes = await pruneBuildCache(statePaths(), has("all"));
    say(`${decimalSize(bytes)} are free again`);
    return 0;
  },
});

export const builder = group("builder", "What builds keep for later ones: prune", { prune });
