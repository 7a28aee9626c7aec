import { imageUsers } from "../../engine/image-users.ts";
import { listContainers } from "../../engine/list.ts";
import { writtenBytes } from "../../engine/size.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseChoice } from "../../spec/values.ts";
import { diskUsage } from "../../store/disk-usage.ts";
import { parseFormat, printRows } from "../listing.ts";
import { errorText, say } from "../report.ts";
import { decimalSize } from "../size.ts";
import { verb } from "../verb.ts";

const titles = {
  Type: "TYPE",
  TotalCount: "TOTAL",
  Active: "ACTIVE",
  Size: "SIZE",
  Reclaimable: "RECLAIMABLE",
};

export const system = verb({
  synopsis: "system df [flags]",
  summary: "What images and containers take of the disk",
  flags: [
    { name: "format", value: "text|json|TEMPLATE", help: "text, json, or a template of Go's" },
  ],
  words: [1, 1],
  async run({ words: [action], value }) {
    parseChoice("system", action!, ["df"]);
    const format = parseFormat(value("format"));
    const paths = statePaths();
    const images = diskUsage(paths, (id) => imageUsers(id, paths));
    const containers = listContainers(paths, (e) => say(errorText(e, false).message));
    const running = containers.filter(({ status }) => status === "running" || status === "paused");
    const written = (list: typeof containers) =>
      list.reduce((sum, entry) => sum + writtenBytes(entry), 0);
    const all = written(containers);
    const rows = [
      {
        Type: "Images",
        TotalCount: String(images.images),
        Active: String(images.active),
        Size: decimalSize(images.unpacked + images.blobs),
        Reclaimable: decimalSize(images.reclaimable),
      },
      {
        Type: "Containers",
        TotalCount: String(containers.length),
        Active: String(running.length),
        Size: decimalSize(all),
        Reclaimable: decimalSize(all - written(running)),
      },
    ];
    printRows(format, rows, titles, Object.keys(titles));
    return 0;
  },
});
