import { exclusively } from "../../engine/exclusive.ts";
import { stopContainer } from "../../engine/stop.ts";
import { parseSignal } from "../../spec/signal.ts";
import { choiceFlags, chosen, forEachContainer, isUp } from "../each.ts";
import { parseSeconds } from "../seconds.ts";
import { verb } from "../verb.ts";

export const stop = verb({
  synopsis: "stop [flags] [CONTAINER…]",
  summary: "End containers: SIGTERM, and SIGKILL where that does not help in time",
  flags: [
    {
      name: "time",
      short: "t",
      aliases: ["timeout"],
      value: "SECONDS",
      help: "how long to wait before it is killed (default: 10; -1 is for ever)",
    },
    { name: "signal", short: "s", value: "SIGNAL", help: "the signal to ask with" },
    ...choiceFlags,
  ],
  words: [0, Infinity],
  async run(given) {
    const { value } = given;
    const time = value("time");
    const signal = value("signal");
    const options = {
      ...(time === undefined ? {} : { timeout: parseSeconds("--time", time) }),
      ...(signal === undefined ? {} : { signal: parseSignal("--signal", signal) }),
    };
    return await forEachContainer(chosen(given, isUp), (entry, paths) =>
      exclusively(entry, paths, (now) => stopContainer(now, paths, options)),
    );
  },
});
