import { note } from "../../engine/journal.ts";
import { requireRunning, signalContainer } from "../../engine/signal.ts";
import { mark } from "../../engine/state.ts";
import { parseSignal } from "../../spec/signal.ts";
import { choiceFlags, chosen, forEachContainer, isUp } from "../each.ts";
import { verb } from "../verb.ts";

export const kill = verb({
  synopsis: "kill [flags] [CONTAINER…]",
  summary: "Send containers a signal",
  flags: [
    {
      name: "signal",
      short: "s",
      value: "SIGNAL",
      help: "which one, by name or number (default: SIGKILL)",
    },
    ...choiceFlags,
  ],
  words: [0, Infinity],
  async run(given) {
    const signal = parseSignal("--signal", given.value("signal") ?? "SIGKILL");
    return await forEachContainer(chosen(given, isUp), async (entry) => {
      requireRunning(entry);
      if (entry.record.restart && signal === "SIGKILL") mark(entry.directory, "stopped");
      await signalContainer(entry, signal);
      note(entry.directory, entry.record, "kill", { signal });
    });
  },
});
