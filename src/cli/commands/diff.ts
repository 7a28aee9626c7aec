import { diffContainer } from "../../engine/diff.ts";
import { findContainer } from "../../engine/list.ts";
import { paths } from "../../linux/paths.ts";
import { wantsJson } from "../format.ts";
import { printable } from "../printable.ts";
import { verb } from "../verb.ts";

export const diff = verb({
  synopsis: "diff [flags] CONTAINER",
  summary: "List what a container has added (A), changed (C) and deleted (D) over its image",
  flags: [{ name: "format", value: "text|json", help: "text, or json for programs" }],
  words: [1, 1],
  async run({ words, value }) {
    const json = wantsJson(value("format") ?? "text");
    const changes = await diffContainer(findContainer(words[0]!, paths()));
    if (json) console.log(JSON.stringify(changes, null, 2));
    else for (const { kind, path } of changes) console.log(`${kind} ${printable(path)}`);
    return 0;
  },
});
