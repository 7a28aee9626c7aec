import { KontenerError } from "../../abi/error.ts";
import { findContainer, type Entry } from "../../engine/list.ts";
import { isDrained, streamNames } from "../../engine/logs.ts";
import { LogReader, type Line } from "../../engine/read-logs.ts";
import type { LogSettings } from "../../engine/record.ts";
import { lives } from "../../engine/state.ts";
import { paths } from "../../linux/paths.ts";
import { parseInteger } from "../../spec/values.ts";
import { parseMoment } from "../moment.ts";
import { verb } from "../verb.ts";
import { writeFully } from "../stderr.ts";

export const logs = verb({
  synopsis: "logs [flags] CONTAINER",
  summary: "Print what a detached container has printed",
  flags: [
    { name: "follow", short: "f", help: "go on until it ends" },
    { name: "tail", short: "n", value: "N|all", help: "only the last lines" },
    { name: "since", value: "TIME|10m", help: "only what came after" },
    { name: "until", value: "TIME|10m", help: "only what came before" },
    { name: "timestamps", short: "t", help: "begin each line with its time" },
  ],
  words: [1, 1],
  async run({ words, has, value }) {
    const entry = findContainer(words[0]!, paths());
    const settings = settingsOf(entry);
    const moment = (name: "since" | "until", otherwise: number) => {
      const text = value(name);
      return text === undefined ? otherwise : parseMoment(`--${name}`, text);
    };
    const [since, until] = [moment("since", -Infinity), moment("until", Infinity)];
    const tail = value("tail") ?? "all";
    const count = tail === "all" ? Infinity : parseInteger("--tail", tail, 0, 1e9);
    const print = (lines: readonly Line[]) => {
      for (const line of lines) {
        const time = line.time.getTime();
        if (time >= since && time <= until) printLine(line, has("timestamps"));
      }
    };
    const follow = has("follow");
    using reader = new LogReader(settings);
    let ended = await isOver(entry, settings, !follow);
    const first = reader.next(ended || !follow);
    print(count === Infinity ? first : first.slice(Math.max(0, first.length - count)));
    while (follow && !ended) {
      await Bun.sleep(50);
      ended = await isOver(entry, settings, false);
      print(reader.next(ended));
    }
    return 0;
  },
});

function settingsOf({ record }: Entry): LogSettings {
  if (record.logs) return record.logs;
  throw new KontenerError(`container ${record.name} runs in the foreground: nothing is kept`, {
    code: "CONFLICT",
    hint: "kontener run -d keeps what a container prints",
    exitCode: 1,
  });
}

/** Nothing more will come: it has ended, and its loggers have. `patient`: what it printed last may just be on its way. */
async function isOver({ state }: Entry, settings: LogSettings, patient: boolean): Promise<boolean> {
  if (!state) return true;
  const drained = () => streamNames.every((stream) => isDrained(settings, stream));
  if (lives(state)) return false;
  for (let i = 0; patient && !drained() && i < 100; i++) await Bun.sleep(10);
  return drained();
}

function printLine({ time, stream, bytes }: Line, stamped: boolean): void {
  const fd = stream === "stdout" ? 1 : 2;
  if (stamped) writeFully(fd, new TextEncoder().encode(`${time.toISOString()} `));
  writeFully(fd, bytes);
}
