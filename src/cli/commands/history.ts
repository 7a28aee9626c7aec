import { paths as statePaths } from "../../linux/paths.ts";
import { historyOf } from "../../store/describe.ts";
import { openImage } from "../../store/open.ts";
import { duration } from "../ago.ts";
import { parseFormat, printRows } from "../listing.ts";
import { printable } from "../printable.ts";
import { decimalSize } from "../size.ts";
import { verb } from "../verb.ts";

const titles = {
  CreatedSince: "CREATED",
  CreatedBy: "CREATED BY",
  Size: "SIZE",
  Comment: "COMMENT",
};
const WIDTH = 60;

export const history = verb({
  synopsis: "history [flags] IMAGE",
  summary: "Show how an image was made, step by step",
  flags: [
    { name: "no-trunc", help: "whole commands" },
    { name: "format", value: "text|json|TEMPLATE", help: "text, json, or a template of Go's" },
  ],
  words: [1, 1],
  async run({ words: [word], has, value }) {
    const format = parseFormat(value("format"));
    const paths = statePaths();
    const rows = historyOf(openImage(word!, paths).image, paths).map((step) => {
      const by = printable(step.created_by ?? "");
      const time = Date.parse(step.created ?? "");
      return {
        CreatedSince: Number.isNaN(time) ? "N/A" : `${duration(Date.now() - time)} ago`,
        CreatedAt: step.created ?? "",
        CreatedBy: has("no-trunc") || by.length <= WIDTH ? by : `${by.slice(0, WIDTH - 1)}…`,
        Size: decimalSize(step.size),
        Comment: printable(step.comment ?? ""),
      };
    });
    printRows(format, rows, titles, Object.keys(titles));
    return 0;
  },
});
