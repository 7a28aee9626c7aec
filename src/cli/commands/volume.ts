import { removeVolume, usersOf } from "../../engine/volumes.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { isAnonymous } from "../../oci/volumes.ts";
import { parseLabel } from "../../spec/label.ts";
import { parseChoice } from "../../spec/values.ts";
import { dataOf } from "../../volume/paths.ts";
import {
  ensureVolume,
  listVolumes,
  readVolume,
  withVolumes,
  type Volume,
} from "../../volume/store.ts";
import { parseFormat, printRows, type Row } from "../listing.ts";
import { errorText, report, say } from "../report.ts";
import { verb } from "../verb.ts";
import { invalid } from "../../abi/error.ts";

const actions = ["create", "ls", "rm", "inspect", "prune"] as const;

export const volume = verb({
  synopsis: "volume create|ls|rm|inspect|prune [flags] [NAME…]",
  summary: "Directories that outlive their containers: run -v NAME:/somewhere makes and mounts one",
  flags: [
    {
      name: "label",
      short: "l",
      value: "KEY[=VALUE]",
      repeatable: true,
      help: "create: a note that programs may read",
    },
    { name: "quiet", short: "q", help: "ls: names only" },
    { name: "all", short: "a", help: "prune: also those that have a name" },
    { name: "force", short: "f", help: "rm: what is not there is no error; prune never asks" },
    { name: "format", value: "text|json|TEMPLATE", help: "ls, inspect: how it is printed" },
  ],
  words: [1, Infinity],
  async run({ words: [word = "", ...names], has, value, values }) {
    const action = parseChoice("volume", word, actions);
    if (action === "rm" || action === "inspect") {
      if (names.length === 0) throw invalid(`volume ${action} needs a volume's name`);
    } else if (names.length > (action === "create" ? 1 : 0))
      throw invalid(`volume ${action} does not take ${JSON.stringify(names.at(-1))}`);
    if (action === "create") return await create(names[0], labelsOf(values("label")));
    if (action === "ls") return ls(has("quiet"), value("format"));
    if (action === "inspect") return await inspect(names);
    if (action === "prune") return await prune(has("all"));
    return await each(names, (name) => remove(name, has("force")));
  },
});

const titles = {
  Name: "VOLUME NAME",
  Driver: "DRIVER",
  Mountpoint: "MOUNTPOINT",
  Labels: "LABELS",
};

const labelsOf = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(texts.map((text) => parseLabel("--label", text)));

async function create(name = Bun.randomUUIDv7(), labels: Record<string, string>): Promise<number> {
  const paths = statePaths();
  await withVolumes(paths, () => ensureVolume(name, paths, labels));
  console.log(name);
  return 0;
}

function ls(quiet: boolean, format: string | undefined): number {
  const all = listVolumes(statePaths(), (e) => say(errorText(e, false).message));
  if (quiet) for (const { name } of all) console.log(name);
  else printRows(parseFormat(format), all.map(row), titles, ["Driver", "Name"]);
  return 0;
}

const row = ({ name, labels }: Volume): Row => ({
  Name: name,
  Driver: "local",
  Mountpoint: dataOf(name, statePaths()),
  Labels: Object.entries(labels)
    .map(([key, text]) => `${key}=${text}`)
    .join(","),
  Label: (key) => labels[key] ?? "",
});

async function inspect(names: readonly string[]): Promise<number> {
  const paths = statePaths();
  const found: object[] = [];
  const code = await each(names, async (name) => {
    const there = readVolume(name, paths);
    if (!there) throw invalid(`no volume ${JSON.stringify(name)}`, "kontener volume ls lists them");
    found.push({
      Name: name,
      Driver: "local",
      CreatedAt: there.created,
      Labels: there.labels,
      Mountpoint: dataOf(name, paths),
      Scope: "local",
      Containers: await usersOf(name, paths),
    });
  });
  console.log(JSON.stringify(found, null, 2));
  return code;
}

async function remove(name: string, force: boolean): Promise<void> {
  const paths = statePaths();
  if (force && !readVolume(name, paths)) return;
  await removeVolume(name, paths);
  console.log(name);
}

/** Those that no container has; of those with a name only where all are meant, as docker does. */
async function prune(all: boolean): Promise<number> {
  const paths = statePaths();
  const candidates = listVolumes(paths, (e) => say(errorText(e, false).message))
    .map(({ name }) => name)
    .filter((name) => all || isAnonymous(name));
  const unused: string[] = [];
  for (const name of candidates) if ((await usersOf(name, paths)).length === 0) unused.push(name);
  return await each(unused, (name) => remove(name, true));
}

/** One after the other; what fails is said, and the others have their turn. */
async function each(
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      await report(error);
      code = 1;
    }
  }
  return code;
}
