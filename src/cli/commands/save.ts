import { invalid } from "../../abi/error.ts";
import { paths as statePaths, type Paths } from "../../linux/paths.ts";
import { parseChoice } from "../../spec/values.ts";
import { layoutSink } from "../../store/oci-layout.ts";
import { openImage } from "../../store/open.ts";
import { pushImage } from "../../store/push.ts";
import { referencesOf } from "../../store/records.ts";
import { saving, type Saved } from "../../store/save.ts";
import { familiarName } from "../../oci/reference.ts";
import { output } from "../output.ts";
import { verb } from "../verb.ts";

const formats = ["docker-archive", "oci-archive", "oci-dir"] as const;

export const save = verb({
  synopsis: "save [flags] IMAGE…",
  summary: "Write images into an archive that docker, podman, skopeo and kontener load",
  flags: [
    { name: "output", short: "o", value: "FILE", help: "where to; without it, standard output" },
    {
      name: "format",
      value: formats.join("|"),
      help: "docker-archive (an OCI layout too, as docker writes it), oci-archive, or a layout's directory",
    },
  ],
  words: [1, Infinity],
  async run({ words, value }) {
    const paths = statePaths();
    const format = parseChoice("--format", value("format") ?? "docker-archive", formats);
    const images = words.map((word) => saved(word, paths));
    if (format === "oci-dir") return await saveDirectory(images, value("output"), paths);
    await using out = output(value("output"), "save");
    await saving(images, format, paths, out.write);
    await out.finish();
    return 0;
  },
});

/** With the name that it was asked for by; by its id, with all that it has. */
function saved(word: string, paths: Paths): Saved {
  const { image, name } = openImage(word, paths);
  const names = name === undefined ? referencesOf(image.id, paths, true) : [name];
  return { image, names: names.filter((reference) => !reference.includes("@")) };
}

async function saveDirectory(
  images: readonly Saved[],
  directory: string | undefined,
  paths: Paths,
): Promise<number> {
  if (directory === undefined) throw invalid("oci-dir needs a directory", "name it: -o DIRECTORY");
  for (const { image, names } of images)
    for (const name of names.length > 0 ? names : [image.id])
      await pushImage(image, layoutSink(directory, familiarName(name)), { paths });
  return 0;
}
