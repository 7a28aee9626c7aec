import { exclusively } from "../../engine/exclusive.ts";
import { pauseContainer, unpauseContainer } from "../../engine/pause.ts";
import { forEachContainer } from "../each.ts";
import { verb } from "../verb.ts";

export const pause = verb({
  synopsis: "pause CONTAINER…",
  summary: "Stop all processes of containers where they are",
  flags: [],
  words: [1, Infinity],
  run: ({ words }) =>
    forEachContainer(words, (entry, paths) => exclusively(entry, paths, pauseContainer)),
});

export const unpause = verb({
  synopsis: "unpause CONTAINER…",
  summary: "Let paused containers go on",
  flags: [],
  words: [1, Infinity],
  run: ({ words }) =>
    forEachContainer(words, (entry, paths) =>
      exclusively(entry, paths, (now) => Promise.resolve(unpauseContainer(now))),
    ),
});
