import { healthStatus } from "../engine/health.ts";
import type { Entry } from "../engine/list.ts";
import type { MountOption } from "../spec/options.ts";
import { duration } from "./ago.ts";
import type { Row } from "./listing.ts";
import { printable } from "./printable.ts";

/** docker's names of the columns, and what stands over each. */
export const psTitles = {
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  Ports: "PORTS",
  State: "STATE",
  Status: "STATUS",
  Size: "SIZE",
  Names: "NAMES",
  Labels: "LABELS",
  Mounts: "MOUNTS",
  Networks: "NETWORKS",
  Address: "ADDRESS",
} as const;

/**
 * `whole`: commands and mounts are not cut. `ports`: of each container that has some. `size`: bytes that it has written,
 * where they were asked for.
 */
export function psRow(
  entry: Entry,
  whole: boolean,
  ports: ReadonlyMap<string, string>,
  size?: string,
): Row {
  const { record, status, state } = entry;
  const { labels = {}, mounts = [], network = "bridge" } = record.options;
  const cut = (text: string) => (whole || text.length <= 20 ? text : `${text.slice(0, 19)}…`);
  return {
    ID: record.id,
    Image: record.image,
    Command: cut(printable(JSON.stringify(record.command.join(" ")))),
    CreatedAt: record.created,
    RunningFor: `${duration(Date.now() - Date.parse(record.created))} ago`,
    Ports: ports.get(record.id) ?? "",
    State: status,
    Status: statusText(entry),
    Size: size ?? "",
    Names: record.name,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    Label: (key) => labels[key] ?? "",
    Mounts: mounts.map((mount) => cut(sourceOf(mount))).join(","),
    Networks: [network].flat().join(","),
    Address: state?.address ?? "",
  };
}

const sourceOf = (mount: MountOption): string =>
  mount.type === "bind" ? mount.source : (mount.type === "volume" && mount.name) || mount.target;

function healthText(entry: Entry): string {
  const health = healthStatus(entry);
  if (health === "none") return "";
  return health === "starting" ? " (health: starting)" : ` (${health})`;
}

function statusText(entry: Entry): string {
  const { status, state, exit, record } = entry;
  const since = (time: string) => duration(Date.now() - Date.parse(time));
  if (status === "running") return `Up ${since(state!.started)}${healthText(entry)}`;
  if (status === "paused") return `Up ${since(state!.started)} (Paused)`;
  if (status === "created") return "Created";
  return exit
    ? `Exited (${exit.code}) ${since(exit.finished)} ago`
    : `Exited (${record.detached ? 137 : "?"})`;
}
