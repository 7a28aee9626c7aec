import { watch } from "node:fs";
import { collectGarbage } from "../../engine/gc.ts";
import type { ContainerEvent } from "../../engine/journal.ts";
import { JournalReader } from "../../engine/read-journal.ts";
import { makeDirectories } from "../../linux/files.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseChoice, parsePair } from "../../spec/values.ts";
import { parseMoment } from "../moment.ts";
import { printable } from "../printable.ts";
import { evaluate } from "../template/evaluate.ts";
import { parseTemplate } from "../template/parse.ts";
import { verb } from "../verb.ts";

const keys = ["container", "event", "image", "label", "type"] as const;
type Filter = { key: (typeof keys)[number]; value: string };

export const events = verb({
  synopsis: "events [flags]",
  summary: "Print what happens to containers, as it happens",
  flags: [
    { name: "since", value: "TIME|10m", help: "begin with what has happened since then" },
    { name: "until", value: "TIME|10m", help: "end there, instead of going on" },
    {
      name: "filter",
      short: "f",
      value: "KEY=VALUE",
      repeatable: true,
      help: "only those of this container, event, image, label or type",
    },
    {
      name: "format",
      value: "text|json|TEMPLATE",
      help: "text; json, one object on each line; or a template of Go's: '{{.Action}} {{.Actor.ID}}'",
    },
  ],
  words: [0, 0],
  async run({ value, values }) {
    const [since, until] = [value("since"), value("until")];
    const from = since === undefined ? -Infinity : parseMoment("--since", since);
    const to = until === undefined ? Infinity : parseMoment("--until", until);
    const filters = values("filter").map(parseFilter);
    const print = printer(value("format") ?? "text");
    const paths = statePaths();
    makeDirectories(paths.run, 0o711);
    const history = since !== undefined || until !== undefined;
    using reader = new JournalReader(`${paths.run}/events`, history ? "start" : "now");
    let wake: () => void = () => undefined;
    const watcher = watch(paths.run, () => wake());
    for (let over = false; !over;) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      over = Date.now() >= to;
      // Whoever looks notes the ends that nobody has noted yet.
      await collectGarbage(paths).catch(() => undefined);
      for (const event of reader.next()) {
        const time = event.timeNano / 1e6;
        if (time >= from && time <= to && matches(event, filters)) print(event);
      }
      if (!over) await Promise.race([woken, Bun.sleep(Math.min(500, to - Date.now()))]);
    }
    watcher.close();
    return 0;
  },
});

function parseFilter(text: string): Filter {
  const [word, value] = parsePair("--filter", text);
  return { key: parseChoice("--filter", word, keys), value };
}

/** As in docker: several filters of one key are alternatives, of several keys all have to hold. */
function matches({ Type, Action, Actor }: ContainerEvent, filters: readonly Filter[]): boolean {
  const { Attributes, ID } = Actor;
  const fits = ({ key, value }: Filter): boolean => {
    if (key === "type") return Type === value;
    if (key === "event") return Action === value || Action.startsWith(`${value}: `);
    if (key === "image") return Attributes["image"] === value;
    if (key === "container") return Attributes["name"] === value || ID.startsWith(value);
    const [label = "", wanted] = value.split(/=(.*)/s);
    return label in Attributes && (wanted === undefined || Attributes[label] === wanted);
  };
  return [...Map.groupBy(filters, ({ key }) => key).values()].every((group) => group.some(fits));
}

function printer(format: string): (event: ContainerEvent) => void {
  if (format === "json") return (event) => console.log(JSON.stringify(event));
  if (format !== "text") {
    const nodes = parseTemplate(format);
    return (event) => console.log(evaluate(nodes, event));
  }
  return ({ Type, Action, Actor, timeNano }) => {
    const attributes = Object.entries(Actor.Attributes).map(([key, value]) => `${key}=${value}`);
    const time = new Date(timeNano / 1e6).toISOString();
    console.log(printable(`${time} ${Type} ${Action} ${Actor.ID} (${attributes.join(", ")})`));
  };
}
