import { exclusively } from "../../engine/exclusive.ts";
import { note } from "../../engine/journal.ts";
import { readEntry } from "../../engine/list.ts";
import { startAgain } from "../../engine/start-again.ts";
import { stopContainer } from "../../engine/stop.ts";
import { choiceFlags, chosen, forEachContainer } from "../each.ts";
import { say } from "../report.ts";
import { parseSeconds } from "../seconds.ts";
import { verb } from "../verb.ts";

export const restart = verb({
  synopsis: "restart [flags] [CONTAINER…]",
  summary: "Stop containers and start them again",
  flags: [
    {
      name: "time",
      short: "t",
      aliases: ["timeout"],
      value: "SECONDS",
      help: "how long to wait before it is killed (default: 10)",
    },
    ...choiceFlags,
  ],
  words: [0, Infinity],
  async run(given) {
    const { value } = given;
    const time = value("time");
    const options = time === undefined ? {} : { timeout: parseSeconds("--time", time) };
    return await forEachContainer(chosen(given), (entry, paths) =>
      exclusively(entry, paths, async (now) => {
        await stopContainer(now, paths, options);
        const stopped = readEntry(entry.record.id, paths);
        if (stopped) await startAgain(stopped, paths, { warn: say });
        note(now.directory, now.record, "restart");
      }),
    );
  },
});
