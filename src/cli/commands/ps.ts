import { collectGarbage } from "../../engine/gc.ts";
import { listContainers, type Entry } from "../../engine/list.ts";
import { writtenBytes } from "../../engine/size.ts";
import { portTexts } from "../../engine/ports.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseInteger } from "../../spec/values.ts";
import { parseFormat, printRows } from "../listing.ts";
import { matches, parseFilter } from "../ps-filters.ts";
import { psRow, psTitles } from "../ps-row.ts";
import { errorText, say } from "../report.ts";
import { decimalSize } from "../size.ts";
import { verb } from "../verb.ts";

const columns = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"] as const;

export const ps = verb({
  synopsis: "ps [flags]",
  summary: "List containers",
  flags: [
    { name: "all", short: "a", help: "also those that do not run" },
    { name: "quiet", short: "q", help: "ids only" },
    {
      name: "filter",
      short: "f",
      value: "KEY=VALUE",
      repeatable: true,
      help: "only those with this name, id, status, label, ancestor, exited, health, network, volume; before or since another",
    },
    { name: "last", short: "n", value: "N", help: "the youngest N, whether they run or not" },
    { name: "latest", short: "l", help: "the youngest one, whether it runs or not" },
    { name: "size", short: "s", help: "also what each has written" },
    { name: "no-trunc", help: "whole commands" },
    {
      name: "format",
      value: "text|json|TEMPLATE",
      help: "text; json, one object on each line; or a template of Go's: '{{.ID}} {{.Names}}'",
    },
  ],
  words: [0, 0],
  async run({ has, value, values }) {
    const format = parseFormat(value("format"));
    const filters = values("filter").map(parseFilter);
    const last = has("latest") ? 1 : parseInteger("--last", value("last") ?? "0", 0, 1e9);
    const needsEnded = filters.some(({ key }) => ["status", "exited"].includes(key));
    const all = has("all") || last > 0 || needsEnded;
    const paths = statePaths();
    await collectGarbage(paths).catch((error: unknown) => say(errorText(error, false).message));
    const there = listContainers(paths, (e) => say(errorText(e, false).message), all);
    const found = there
      .filter(({ status }) => all || status === "running" || status === "paused")
      .filter((entry) => matches(entry, filters, there));
    const entries = last > 0 ? found.slice(0, last) : found;
    if (has("quiet")) for (const { record } of entries) console.log(record.id);
    else {
      const size = (entry: Entry) => (has("size") ? decimalSize(writtenBytes(entry)) : undefined);
      const ports = portTexts(paths);
      const rows = entries.map((entry) => psRow(entry, has("no-trunc"), ports, size(entry)));
      printRows(format, rows, psTitles, has("size") ? [...columns, "Size"] : columns);
    }
    return 0;
  },
});
