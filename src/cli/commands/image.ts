import { imageUsers } from "../../engine/image-users.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { familiarName } from "../../oci/reference.ts";
import { parseChoice } from "../../spec/values.ts";
import { describeImage } from "../../store/describe.ts";
import { diffImages } from "../../store/diff.ts";
import { openImage } from "../../store/open.ts";
import { pruneImages } from "../../store/remove.ts";
import { wantsJson } from "../format.ts";
import { oneByOne } from "../one-by-one.ts";
import { printable } from "../printable.ts";
import { say } from "../report.ts";
import { decimalSize } from "../size.ts";
import { evaluate } from "../template/evaluate.ts";
import { parseTemplate } from "../template/parse.ts";
import { verb } from "../verb.ts";

const inspectImages = verb({
  synopsis: "image inspect [flags] IMAGE…",
  summary: "Print all there is to know of images, as JSON",
  flags: [
    { name: "format", short: "f", value: "json|TEMPLATE", help: "a template of Go's for each" },
  ],
  words: [1, Infinity],
  run: ({ words, value }) => inspect(words, value("format")),
});

const diffTwo = verb({
  synopsis: "image diff [flags] OLDER NEWER",
  summary: "List what an image adds (A), changes (C) and deletes (D) over another",
  flags: [{ name: "format", value: "text|json", help: "text, or json for programs" }],
  words: [2, 2],
  run: ({ words, value }) => diff(words[0]!, words[1]!, wantsJson(value("format") ?? "text")),
});

const pruneStore = verb({
  synopsis: "image prune [flags]",
  summary: "Remove images without a name, and what pulls that were cut off have left",
  flags: [
    { name: "all", short: "a", help: "every image that no container was made from" },
    { name: "force", short: "f", help: "accepted, as in docker: nothing is asked" },
    { name: "dry-run", help: "say what there is to do and do nothing" },
  ],
  words: [0, 0],
  run: ({ has }) => prune(has("all"), has("dry-run")),
});

const actions = { inspect: inspectImages, diff: diffTwo, prune: pruneStore };

/** docker's `image ls`, `image rm` and so on are `images`, `rmi`, …: see `shortened` in verbs.ts. */
export const image = {
  actions,
  summary:
    "inspect, diff or prune images; ls, rm, tag, history, save, load and import as by themselves",
  async run(argv: readonly string[]): Promise<number> {
    const [action = "", ...rest] = argv;
    return await actions[parseChoice("image", action, ["inspect", "diff", "prune"])].run(rest);
  },
};

async function inspect(words: readonly string[], format = "json"): Promise<number> {
  const paths = statePaths();
  const nodes = format === "json" ? undefined : parseTemplate(format);
  const found: unknown[] = [];
  const code = await oneByOne(words, async (word) => {
    const description = describeImage(openImage(word, paths).image, paths);
    if (nodes) console.log(evaluate(nodes, description));
    else found.push(description);
  });
  if (!nodes) console.log(JSON.stringify(found, null, 2));
  return code;
}

async function diff(older: string, newer: string, json: boolean): Promise<number> {
  const paths = statePaths();
  const open = (word: string) => openImage(word, paths).image;
  const changes = diffImages(open(older), open(newer), paths);
  if (json) console.log(JSON.stringify(changes, null, 2));
  else for (const { kind, path } of changes) console.log(`${kind} ${printable(path)}`);
  return 0;
}

async function prune(all: boolean, dryRun: boolean): Promise<number> {
  const paths = statePaths();
  const users = (id: string) => imageUsers(id, paths);
  const { untagged, deleted, bytes } = await pruneImages({ paths, users, all, dryRun });
  for (const name of untagged) console.log(`Untagged: ${familiarName(name)}`);
  for (const id of deleted) console.log(`Deleted: ${id}`);
  say(dryRun ? "nothing was removed: --dry-run" : `${decimalSize(bytes)} are free again`);
  return 0;
}
