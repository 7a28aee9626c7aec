import { invalid } from "../../abi/error.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { familiarName } from "../../oci/reference.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { loadImages } from "../../store/load.ts";
import { say } from "../report.ts";
import { isTerminal } from "../terminal.ts";
import { verb } from "../verb.ts";

export const load = verb({
  synopsis: "load [flags] [FILE]",
  summary: "Load images from an archive of docker's or OCI's, an OCI layout's directory, or a pipe",
  flags: [
    { name: "input", short: "i", value: "FILE", help: "where from; without it, standard input" },
    { name: "platform", value: "OS/ARCH", help: "of an image for several: which" },
    { name: "quiet", short: "q", help: "accepted, as in docker" },
  ],
  words: [0, 1],
  async run({ words, value }) {
    const file = value("input") ?? words[0];
    if (file === undefined && isTerminal(0))
      throw invalid("there is nothing to load", "kontener load -i FILE, or < FILE");
    const platform = value("platform");
    const loaded = await loadImages(file ?? Bun.stdin.stream(), {
      paths: statePaths(),
      platform: platform === undefined ? undefined : parsePlatform(platform),
      say,
    });
    for (const { image, names } of loaded)
      if (names.length === 0) console.log(`Loaded image ID: ${image.id}`);
      else for (const name of names) console.log(`Loaded image: ${familiarName(name)}`);
    return 0;
  },
});
