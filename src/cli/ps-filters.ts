import { invalid } from "../abi/error.ts";
import { healthStatus } from "../engine/health.ts";
import type { Entry, Status } from "../engine/list.ts";
import { parseChoice, parseInteger, parsePair, quote } from "../spec/values.ts";

/** docker's keys, less what is not here (`expose`, `is-task`). */
const keys = [
  "name",
  "id",
  "status",
  "label",
  "ancestor",
  "exited",
  "health",
  "network",
  "volume",
  "before",
  "since",
] as const;
export type Filter = { key: (typeof keys)[number]; value: string };
const healths = ["starting", "healthy", "unhealthy", "none"] as const;
const statuses: readonly Status[] = ["created", "running", "paused", "exited"];

/** `--filter KEY=VALUE`. Throws INVALID. */
export function parseFilter(text: string): Filter {
  const [word, value] = parsePair("--filter", text);
  const key = parseChoice("--filter", word, keys);
  if (value === "") throw invalid(`--filter ${key}= needs a value`);
  if (key === "status") parseChoice("--filter status", value, statuses);
  if (key === "health") parseChoice("--filter health", value, healths);
  if (key === "exited") parseInteger("--filter exited", value, 0, 255);
  if (key === "name") namePattern(value);
  return { key, value };
}

/**
 * As in docker: several filters of one key are alternatives, of several keys all have to hold; but each label has to be
 * there. `all`: among which `before` and `since` look for the container that they name.
 */
export function matches(entry: Entry, filters: readonly Filter[], all: readonly Entry[]): boolean {
  const groups = Map.groupBy(filters, ({ key }) => key);
  return [...groups].every(([key, group]) => {
    const holds = (filter: Filter) => fits(entry, filter, all);
    return key === "label" ? group.every(holds) : group.some(holds);
  });
}

function fits(entry: Entry, { key, value }: Filter, all: readonly Entry[]): boolean {
  const { record, status, exit } = entry;
  const { options } = record;
  if (key === "name") return namePattern(value).test(record.name);
  if (key === "id") return record.id.startsWith(value);
  if (key === "status") return status === value;
  if (key === "label") return hasLabel(options.labels ?? {}, value);
  if (key === "ancestor") return record.image === value || record.image === `${value}:latest`;
  if (key === "exited") return status === "exited" && exit?.code === Number(value);
  if (key === "health") return healthStatus(entry) === value;
  if (key === "network") return (options.network ?? "bridge") === value;
  if (key === "volume")
    return (options.mounts ?? []).some((mount) =>
      [
        mount.target,
        "source" in mount ? mount.source : "",
        "name" in mount ? mount.name : "",
      ].includes(value),
    );
  const other = all.find(({ record: { id, name } }) => name === value || id.startsWith(value));
  if (!other) throw invalid(`--filter ${key}: there is no container ${quote(value)}`);
  const [made, mark] = [record.created, other.record.created];
  return key === "before" ? made < mark : made > mark;
}

/** docker reads a name as a regular expression: `web` is found in `my-web`, `^web$` is only itself. */
function namePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw invalid(`--filter name=${text} is not a regular expression`);
  }
}

function hasLabel(labels: Readonly<Record<string, string>>, text: string): boolean {
  const [label = "", wanted] = text.split(/=(.*)/s);
  if (!Object.hasOwn(labels, label)) return false;
  return wanted === undefined || wanted === "" || labels[label] === wanted;
}
