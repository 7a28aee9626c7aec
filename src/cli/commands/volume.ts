import { noVolume, removeVolume, usersOf } from "../../engine/volumes.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { isAnonymous } from "../../oci/volumes.ts";
import { parseLabel } from "../../spec/label.ts";
import { dataOf } from "../../volume/paths.ts";
import {
  ensureVolume,
  listVolumes,
  readVolume,
  withVolumes,
  type Volume,
} from "../../volume/store.ts";
import { group } from "../group.ts";
import { parseFormat, printRows, type Row } from "../listing.ts";
import { oneByOne } from "../one-by-one.ts";
import { errorText, say } from "../report.ts";
import { verb } from "../verb.ts";

const titles = {
  Name: "VOLUME NAME",
  Driver: "DRIVER",
  Mountpoint: "MOUNTPOINT",
  Labels: "LABELS",
};

const labelsOf = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(texts.map((text) => parseLabel("--label", text)));

const create = verb({
  synopsis: "volume create [flags] [NAME]",
  summary: "Make a volume (run -v NAME:/somewhere makes one as well)",
  flags: [
    {
      name: "label",
      short: "l",
      value: "KEY[=VALUE]",
      repeatable: true,
      help: "a note that programs may read",
    },
  ],
  words: [1, 2],
  async run({ words: [, name = Bun.randomUUIDv7()], values }) {
    const paths = statePaths();
    await withVolumes(paths, () => ensureVolume(name, paths, labelsOf(values("label"))));
    console.log(name);
    return 0;
  },
});

const ls = verb({
  synopsis: "volume ls [flags]",
  summary: "List volumes",
  flags: [
    { name: "quiet", short: "q", help: "names only" },
    { name: "format", value: "text|json|TEMPLATE", help: "text, JSON lines, or Go's template" },
  ],
  words: [1, 1],
  async run({ has, value }) {
    const all = listVolumes(statePaths(), sayTorn);
    if (has("quiet")) for (const { name } of all) console.log(name);
    else printRows(parseFormat(value("format")), all.map(row), titles, ["Driver", "Name"]);
    return 0;
  },
});

const row = ({ name, labels }: Volume): Row => ({
  Name: name,
  Driver: "local",
  Mountpoint: dataOf(name, statePaths()),
  Labels: Object.entries(labels)
    .map(([key, text]) => `${key}=${text}`)
    .join(","),
  Label: (key) => labels[key] ?? "",
});

const inspect = verb({
  synopsis: "volume inspect VOLUME…",
  summary: "Print all there is to know of volumes, as JSON",
  flags: [],
  words: [2, Infinity],
  async run({ words: [, ...names] }) {
    const found: object[] = [];
    const code = await oneByOne(names, async (name) => found.push(await describe(name)));
    console.log(JSON.stringify(found, null, 2));
    return code;
  },
});

async function describe(name: string): Promise<object> {
  const paths = statePaths();
  const volume = readVolume(name, paths);
  if (!volume) throw noVolume(name);
  return {
    Name: name,
    Driver: "local",
    CreatedAt: volume.created,
    Labels: volume.labels,
    Mountpoint: dataOf(name, paths),
    Scope: "local",
    Containers: await usersOf(name, paths),
  };
}

const rm = verb({
  synopsis: "volume rm [flags] VOLUME…",
  summary: "Remove volumes that no container has, with all that is in them",
  flags: [{ name: "force", short: "f", help: "what is not there is no error" }],
  words: [2, Infinity],
  run: ({ words: [, ...names], has }) =>
    oneByOne(names, async (name) => {
      const paths = statePaths();
      if (!(await removeVolume(name, paths)) && !has("force")) throw noVolume(name);
      console.log(name);
    }),
});

const prune = verb({
  synopsis: "volume prune [flags]",
  summary: "Remove what containers brought along and nobody has any more",
  flags: [
    { name: "all", short: "a", help: "also those that have a name" },
    { name: "force", short: "f", help: "docker's flag: nothing is asked anyway" },
  ],
  words: [1, 1],
  async run({ has }) {
    const paths = statePaths();
    const names = listVolumes(paths, sayTorn).map(({ name }) => name);
    const meant = names.filter((name) => has("all") || isAnonymous(name));
    return await oneByOne(meant, async (name) => {
      if ((await usersOf(name, paths)).length > 0) return;
      if (await removeVolume(name, paths)) console.log(name);
    });
  },
});

const sayTorn = (error: unknown): void => say(errorText(error, false).message);

export const volume = group(
  "volume",
  "Directories that outlive their containers: create, ls, rm, inspect, prune",
  { create, ls, list: ls, rm, remove: rm, inspect, prune },
);
