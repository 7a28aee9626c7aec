import { waitForEnd } from "../../engine/stop.ts";
import { forEachContainer } from "../each.ts";
import { verb } from "../verb.ts";

export const wait = verb({
  synopsis: "wait CONTAINER…",
  summary: "Wait until containers have ended, and print their exit codes",
  flags: [],
  words: [1, Infinity],
  run: ({ words }) =>
    forEachContainer(words, async (entry) => String((await waitForEnd(entry))?.code ?? 0)),
});
