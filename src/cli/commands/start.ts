import { invalid } from "../../abi/error.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { findContainer } from "../../engine/list.ts";
import { startAgain } from "../../engine/start-again.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { forEachContainer } from "../each.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";
import { attachFlags, attachOptions, perform } from "./attach.ts";

export const start = verb({
  synopsis: "start [flags] CONTAINER…",
  summary: "Start containers that were created, or that have ended",
  flags: [
    { name: "attach", short: "a", help: "print what it prints, and end with its exit code" },
    { name: "interactive", short: "i", help: "the same, and connect standard input" },
    ...attachFlags,
  ],
  words: [1, Infinity],
  async run({ words, has, value }) {
    if (!has("attach") && !has("interactive"))
      return await forEachContainer(words, (entry, paths) =>
        exclusively(entry, paths, (now) => startAgain(now, paths, { warn: say })),
      );
    if (words.length > 1) throw invalid("start -a and -i take one container at a time");
    const options = attachOptions(has("interactive"), value("detach-keys"), value("sig-proxy"));
    const paths = statePaths();
    const entry = findContainer(words[0]!, paths);
    const { Tail } = await import("../../engine/attach.ts");
    using tail = new Tail(entry); // before the start: what it prints first is not missed
    let writer: number | undefined;
    const keep = (fd: number) => void (writer = fd);
    await exclusively(entry, paths, (now) =>
      startAgain(now, paths, { warn: say }, options.stdin ? keep : undefined),
    );
    return await perform(entry, tail, options, writer);
  },
});
