import { defineCommand } from "citty";
import { version } from "../../../package.json";
import { formatArg, wantsJson } from "../format.ts";

export default defineCommand({
  meta: { name: "version", description: "Print the versions of kontener and Bun" },
  args: { format: formatArg },
  run({ args }) {
    const versions = { kontener: version, bun: Bun.version, arch: process.arch };
    if (wantsJson(args.format)) console.log(JSON.stringify(versions, null, 2));
    else console.log(`kontener ${version} (Bun ${Bun.version}, ${process.arch})`);
  },
});
