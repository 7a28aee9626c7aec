import { exclusively } from "../../engine/exclusive.ts";
import { startAgain } from "../../engine/start-again.ts";
import { forEachContainer } from "../each.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";

export const start = verb({
  synopsis: "start CONTAINER…",
  summary: "Start containers that were created, or that have ended",
  flags: [],
  words: [1, Infinity],
  run: ({ words }) =>
    forEachContainer(words, (entry, paths) =>
      exclusively(entry, paths, (now) => startAgain(now, paths, { warn: say })),
    ),
});
