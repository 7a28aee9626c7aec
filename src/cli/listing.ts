import { formatTable } from "./table.ts";
import { evaluate } from "./template/evaluate.ts";
import { parseTemplate, type Node } from "./template/parse.ts";

/** A row as docker's templates see it: `.Label "key"` is a function of the row. */
export type Row = Readonly<Record<string, string | ((key: string) => string)>>;

/** docker's `--format`: `json`, `table TEMPLATE`, a template of Go's, or nothing (`text`, `table`): the usual columns. */
export type ListFormat =
  | { kind: "text" }
  | { kind: "json" }
  | { kind: "table"; nodes: Node[] }
  | { kind: "plain"; nodes: Node[] };

/** Throws INVALID, one sentence. */
export function parseFormat(text = "text"): ListFormat {
  if (text === "json" || text === "{{json .}}") return { kind: "json" };
  if (text === "text" || text === "table" || text === "") return { kind: "text" };
  const inTable = text.startsWith("table ");
  const template = (inTable ? text.slice(6) : text).replace(/\\t/g, "\t").replace(/\\n/g, "\n");
  return { kind: inTable ? "table" : "plain", nodes: parseTemplate(template) };
}

/** Rows as the format wants them; JSON is one object on each line. Empty where there is nothing to print. */
export function formatRows(
  format: ListFormat,
  rows: readonly Row[],
  titles: Readonly<Record<string, string>>,
  usual: readonly string[],
): string {
  const cell = (row: Row, name: string) => {
    const value = row[name] ?? "";
    return typeof value === "string" ? value : "";
  };
  if (format.kind === "json") return rows.map((row) => JSON.stringify(row)).join("\n");
  if (format.kind === "text")
    return formatTable(
      usual.map((name) => titles[name] ?? name.toUpperCase()),
      rows.map((row) => usual.map((name) => cell(row, name))),
    );
  const lines = rows.map((row) => evaluate(format.nodes, row));
  if (format.kind === "plain") return lines.join("\n");
  const heading = evaluate(format.nodes, { ...titles, Label: (key: string) => key });
  return formatTable(
    heading.split("\t"),
    lines.map((line) => line.split("\t")),
  );
}

/** Prints them: nothing at all where there are none, but the heading of a table. */
export function printRows(...args: Parameters<typeof formatRows>): void {
  const text = formatRows(...args);
  if (text !== "") console.log(text);
}
