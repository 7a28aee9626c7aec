import { invalid } from "../../abi/error.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { note } from "../../engine/journal.ts";
import { updateContainer, type Limits } from "../../engine/update.ts";
import { parseCpus, parsePidsLimit, parseSizeLimit } from "../../spec/values.ts";
import { forEachContainer } from "../each.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";

export const update = verb({
  synopsis: "update [flags] CONTAINER…",
  summary: "Give containers other limits, while they run too",
  flags: [
    { name: "memory", short: "m", value: "SIZE", help: "memory: 512k, 100m, 1g or unlimited" },
    { name: "memory-swap", value: "SIZE", help: "memory and swap together" },
    { name: "cpus", value: "NUMBER", help: "processors, 0.5 is half of one" },
    { name: "pids-limit", value: "NUMBER", help: "processes and threads" },
  ],
  words: [1, Infinity],
  async run({ words, value }) {
    const [memory, swap, cpus, pids] = [
      value("memory"),
      value("memory-swap"),
      value("cpus"),
      value("pids-limit"),
    ];
    const limits: Limits = {
      ...(memory === undefined ? {} : { memory: parseSizeLimit("--memory", memory) }),
      ...(swap === undefined ? {} : { memorySwap: parseSizeLimit("--memory-swap", swap) }),
      ...(cpus === undefined ? {} : { cpus: parseCpus("--cpus", cpus) }),
      ...(pids === undefined ? {} : { pidsLimit: parsePidsLimit("--pids-limit", pids) }),
    };
    if (Object.keys(limits).length === 0)
      throw invalid("update changes nothing without a limit", "kontener update --help lists them");
    return await forEachContainer(words, (entry, paths) =>
      exclusively(entry, paths, async (now) => {
        for (const warning of await updateContainer(now, limits, paths)) say(warning);
        note(now.directory, now.record, "update");
      }),
    );
  },
});
