import { findContainer, listContainers, type Entry } from "../../engine/list.ts";
import { requireRunning } from "../../engine/signal.ts";
import { memoryUsed, processorsBetween, takeSample, type Sample } from "../../engine/stats.ts";
import { lives } from "../../engine/state.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseFormat, printRows } from "../listing.ts";
import { errorText, say } from "../report.ts";
import { binarySize, decimalSize } from "../size.ts";
import { isTerminal } from "../terminal.ts";
import { verb } from "../verb.ts";

export const stats = verb({
  synopsis: "stats [flags] [CONTAINER…]",
  summary: "Show what running containers use of the host",
  flags: [
    { name: "no-stream", help: "once, instead of again and again" },
    {
      name: "format",
      value: "text|json|TEMPLATE",
      help: "text; json, one object on each line; or a template of Go's",
    },
  ],
  words: [0, Infinity],
  async run({ words, has, value }) {
    const format = parseFormat(value("format"));
    const paths = statePaths();
    const chosen = words.map((word) => findContainer(word, paths));
    for (const entry of chosen) requireRunning(entry);
    const entries = (): Entry[] =>
      words.length > 0
        ? chosen.filter(({ state }) => state && lives(state))
        : listContainers(paths, (e) => say(errorText(e, false).message), false).filter(
            ({ status }) => status === "running" || status === "paused",
          );
    const once = has("no-stream");
    for (let now = entries(); once || now.length > 0; now = entries()) {
      const before = await Promise.all(now.map(takeSample));
      await Bun.sleep(once ? 200 : 1000);
      const after = await Promise.all(now.map(takeSample));
      const rows = now.map((entry, i) => row(entry, before[i]!, after[i]!));
      if (format.kind === "text" && !once && isTerminal(1)) process.stdout.write(CLEAR);
      printRows(format, rows, titles, Object.keys(titles));
      if (once) break;
    }
    return 0;
  },
});

/** docker's names. */
function row({ record }: Entry, before: Sample, after: Sample) {
  const memory = memoryUsed(after);
  const percent = (part: number) => `${(100 * part).toFixed(2)}%`;
  return {
    ID: record.id,
    Name: record.name,
    CPUPerc: percent(processorsBetween(before, after)),
    MemUsage: `${binarySize(memory)} / ${binarySize(after.memoryLimit)}`,
    MemPerc: percent(memory / after.memoryLimit),
    NetIO: after.network
      ? `${decimalSize(after.network.received)} / ${decimalSize(after.network.sent)}`
      : "--",
    PIDs: String(after.usage.pids ?? "--"),
  };
}

const CLEAR = "\x1b[H\x1b[J";

const titles = {
  ID: "CONTAINER ID",
  Name: "NAME",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET I/O",
  PIDs: "PIDS",
};
