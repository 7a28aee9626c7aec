import { findContainer } from "../../engine/list.ts";
import { processesOf } from "../../engine/processes.ts";
import { requireRunning } from "../../engine/signal.ts";
import { paths } from "../../linux/paths.ts";
import { wantsJson } from "../format.ts";
import { printable } from "../printable.ts";
import { formatTable } from "../table.ts";
import { verb } from "../verb.ts";

export const top = verb({
  synopsis: "top CONTAINER",
  summary: "List a container's processes, with the numbers that the host knows them by",
  flags: [{ name: "format", value: "text|json", help: "text, or json for programs" }],
  words: [1, 1],
  async run({ words, value }) {
    const json = wantsJson(value("format") ?? "text");
    const entry = findContainer(words[0]!, paths());
    requireRunning(entry);
    const processes = processesOf(entry);
    if (json) console.log(JSON.stringify(processes, null, 2));
    else
      console.log(
        formatTable(
          ["UID", "PID", "PPID", "STAT", "TIME", "CMD"],
          processes.map(({ uid, pid, parent, state, cpuTime, command }) => [
            String(uid),
            String(pid),
            String(parent),
            state,
            clock(cpuTime),
            printable(command),
          ]),
        ),
      );
    return 0;
  },
});

/** hh:mm:ss, as ps(1) prints TIME. */
function clock(seconds: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
