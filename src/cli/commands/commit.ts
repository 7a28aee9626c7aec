import { commitContainer } from "../../build/commit.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { findContainer } from "../../engine/list.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseBoolean } from "../../spec/values.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";

export const commit = verb({
  synopsis: "commit [flags] CONTAINER [NAME[:TAG]]",
  summary: "Make an image of what a container has written over its own",
  flags: [
    { name: "author", short: "a", value: "NAME", help: "who made it" },
    {
      name: "change",
      short: "c",
      value: "INSTRUCTION",
      help: 'an instruction of a Dockerfile: --change "ENV A=1"; may be repeated',
    },
    { name: "message", short: "m", value: "TEXT", help: "a remark for the image's history" },
    { name: "pause", short: "p", help: "stop its processes meanwhile (default; --pause=false)" },
  ],
  words: [1, 2],
  async run({ words, value, values }) {
    const [container = "", name] = words;
    const paths = statePaths();
    const [author, message] = [value("author"), value("message")];
    const image = await exclusively(findContainer(container, paths), paths, (entry) =>
      commitContainer(entry, paths, {
        ...(name === undefined ? {} : { name }),
        ...(author === undefined ? {} : { author }),
        ...(message === undefined ? {} : { message }),
        changes: values("change"),
        pause: parseBoolean("--pause", value("pause") ?? "true"),
        say,
      }),
    );
    console.log(image.id);
    return 0;
  },
});
