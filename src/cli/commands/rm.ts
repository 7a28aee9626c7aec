import { deleteContainer } from "../../engine/delete.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { choiceFlags, chosen, forEachContainer, isUp } from "../each.ts";
import { verb } from "../verb.ts";

export const rm = verb({
  synopsis: "rm [flags] [CONTAINER…]",
  summary: "Remove containers: their files, their output, their names",
  flags: [
    { name: "force", short: "f", help: "kill those that run" },
    {
      name: "volumes",
      short: "v",
      help: "accepted, as in docker: a container's own volumes always go with it",
    },
    ...choiceFlags,
  ],
  words: [0, Infinity],
  run(given) {
    const force = given.has("force");
    const words = chosen(given, (entry) => force || !isUp(entry));
    return forEachContainer(words, (entry, paths) =>
      exclusively(entry, paths, (now) => deleteContainer(now, paths, force)),
    );
  },
});
