import { invalid } from "../../abi/error.ts";
import { collectGarbage } from "../../engine/gc.ts";
import { listContainers, type Entry, type Status } from "../../engine/list.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseChoice, parsePair } from "../../spec/values.ts";
import { duration } from "../ago.ts";
import { wantsJson } from "../format.ts";
import { errorText, say } from "../report.ts";
import { formatTable } from "../table.ts";
import { verb } from "../verb.ts";

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
      help: "only those with this name=, id=, status= or label=",
    },
    { name: "no-trunc", help: "whole commands" },
    { name: "format", value: "text|json", help: "text, or one JSON object on each line" },
  ],
  words: [0, 0],
  async run({ has, value, values }) {
    const json = wantsJson(value("format") ?? "text");
    const filters = values("filter").map(parseFilter);
    const all = has("all") || filters.some(({ key }) => key === "status");
    const paths = statePaths();
    await collectGarbage(paths).catch((error: unknown) => say(errorText(error, false).message));
    const entries = listContainers(paths, (e) => say(errorText(e, false).message), all)
      .filter(({ status }) => all || status === "running" || status === "paused")
      .filter((entry) => matches(entry, filters));
    if (has("quiet")) for (const { record } of entries) console.log(record.id);
    else if (json) for (const entry of entries) console.log(JSON.stringify(describe(entry)));
    else console.log(table(entries, has("no-trunc")));
    return 0;
  },
});

const filterKeys = ["name", "id", "status", "label"] as const;
type Filter = { key: (typeof filterKeys)[number]; value: string };
const statuses: readonly Status[] = ["created", "running", "paused", "exited"];

function parseFilter(text: string): Filter {
  const [word, value] = parsePair("--filter", text);
  const key = parseChoice("--filter", word, filterKeys);
  if (key === "status") parseChoice("--filter status", value, statuses);
  if (value === "") throw invalid(`--filter ${key}= needs a value`);
  return { key, value };
}

/** As in docker: several filters of one key are alternatives, of several keys all have to hold. */
function matches(entry: Entry, filters: readonly Filter[]): boolean {
  const groups = Map.groupBy(filters, ({ key }) => key);
  return [...groups.values()].every((group) => group.some((filter) => fits(entry, filter)));
}

function fits({ record, status }: Entry, { key, value }: Filter): boolean {
  if (key === "name") return record.name.includes(value);
  if (key === "id") return record.id.startsWith(value);
  if (key === "status") return status === value;
  const [label = "", wanted] = value.split(/=(.*)/s);
  const labels = record.options.labels ?? {};
  return (
    Object.hasOwn(labels, label) &&
    (wanted === undefined || wanted === "" || labels[label] === wanted)
  );
}

const commandOf = ({ record }: Entry): string => JSON.stringify(record.command.join(" "));

function statusText({ status, state, exit, record }: Entry): string {
  const since = (time: string) => duration(Date.now() - Date.parse(time));
  if (status === "running") return `Up ${since(state!.started)}`;
  if (status === "paused") return `Up ${since(state!.started)} (Paused)`;
  if (status === "created") return "Created";
  return exit
    ? `Exited (${exit.code}) ${since(exit.finished)} ago`
    : `Exited (${record.detached ? 137 : "?"})`;
}

/** docker's names of the columns. */
const describe = (entry: Entry) => ({
  ID: entry.record.id,
  Image: entry.record.image,
  Command: commandOf(entry),
  CreatedAt: entry.record.created,
  Status: statusText(entry),
  State: entry.status,
  Names: entry.record.name,
  Ports: "",
  Address: entry.state?.address ?? "",
  Labels: Object.entries(entry.record.options.labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(","),
});

function table(entries: readonly Entry[], whole: boolean): string {
  const cut = (text: string) => (whole || text.length <= 20 ? text : `${text.slice(0, 19)}…`);
  return formatTable(
    ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"],
    entries.map((entry) => [
      entry.record.id,
      entry.record.image,
      cut(commandOf(entry)),
      `${duration(Date.now() - Date.parse(entry.record.created))} ago`,
      statusText(entry),
      "",
      entry.record.name,
    ]),
  );
}
