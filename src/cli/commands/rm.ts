import { deleteContainer } from "../../engine/delete.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { forEachContainer } from "../each.ts";
import { verb } from "../verb.ts";

export const rm = verb({
  synopsis: "rm [flags] CONTAINER…",
  summary: "Remove containers: their files, their output, their names",
  flags: [{ name: "force", short: "f", help: "kill those that run" }],
  words: [1, Infinity],
  run: ({ words, has }) =>
    forEachContainer(words, (entry, paths) =>
      exclusively(entry, paths, (now) => deleteContainer(now, paths, has("force"))),
    ),
});
