import { defineCommand } from "citty";
import { listImages, type ImageListing } from "../../image/store.ts";
import { paths } from "../../linux/paths.ts";
import { formatArg, wantsJson } from "../format.ts";

export default defineCommand({
  meta: { name: "images", description: "List the images that there are" },
  args: { format: formatArg },
  run({ args }) {
    const json = wantsJson(args.format);
    const images = listImages(paths());
    console.log(json ? JSON.stringify(images, null, 2) : table(images));
  },
});

function table(images: readonly ImageListing[]): string {
  const width = Math.max(...images.map(({ name }) => name.length));
  return images
    .map(({ name, source, created, problem }) => {
      const from = source ?? "built in, made at its first use";
      const note = problem ?? (created === undefined ? from : `${created.slice(0, 10)}  ${from}`);
      return `${name.padEnd(width)}  ${note}`;
    })
    .join("\n");
}
