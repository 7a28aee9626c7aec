import { listImages } from "../../image/store.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { familiarName } from "../../oci/reference.ts";
import { listStored, type ListedImage } from "../../store/records.ts";
import { imageTitles, preparedRow, shortId, storedRows } from "../image-rows.ts";
import { parseFormat, printRows } from "../listing.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";

export const images = verb({
  synopsis: "images [flags] [NAME]",
  summary: "List the images that there are",
  flags: [
    { name: "all", short: "a", help: "accepted, as in docker: every image is listed anyway" },
    { name: "quiet", short: "q", help: "ids only" },
    { name: "no-trunc", help: "whole ids" },
    { name: "digests", help: "also the digests by which registries know them" },
    {
      name: "format",
      value: "text|json|TEMPLATE",
      help: "text; json, one object on each line; or a template of Go's: '{{.ID}} {{.Repository}}'",
    },
  ],
  words: [0, 1],
  async run({ words: [wanted], has, value }) {
    const format = parseFormat(value("format"));
    const paths = statePaths();
    const stored = listStored(paths, (error) => say(error.message))
      .map((listed) => (wanted === undefined ? listed : onlyCalled(listed, wanted)))
      .filter(({ references }) => wanted === undefined || references.length > 0);
    const ids = stored.map(({ image }) => (has("no-trunc") ? image.id : shortId(image.id)));
    if (has("quiet")) for (const id of ids) console.log(id);
    else {
      const prepared = listImages(paths).filter(({ name }) => [undefined, name].includes(wanted));
      const rows = [
        ...stored.flatMap((listed) => storedRows(listed, has("no-trunc"))),
        ...prepared.map(preparedRow),
      ];
      const digest = has("digests") ? ["Digest"] : [];
      const columns = ["Repository", "Tag", ...digest, "ID", "CreatedSince", "Size", "Source"];
      printRows(format, rows, imageTitles, columns);
    }
    return 0;
  },
});

/** With the names only that are meant: as in docker a repository, with a tag or without. */
const onlyCalled = ({ image, references }: ListedImage, wanted: string): ListedImage => ({
  image,
  references: references.filter((reference) => {
    const name = familiarName(reference);
    return [name, reference].includes(wanted) || /^[:@]/.test(after(name, wanted));
  }),
});

const after = (name: string, start: string): string =>
  name.startsWith(start) ? name.slice(start.length) : "";
