import { version as own } from "../../../package.json";
import { evaluate } from "../template/evaluate.ts";
import { parseTemplate } from "../template/parse.ts";
import { verb } from "../verb.ts";

export const version = verb({
  synopsis: "version [flags]",
  summary: "Print the versions of kontener and Bun",
  flags: [
    {
      name: "format",
      short: "f",
      value: "text|json|TEMPLATE",
      help: "'{{.kontener}}' is a template",
    },
  ],
  words: [0, 0],
  run({ value }) {
    const versions = { kontener: own, bun: Bun.version, arch: process.arch };
    const format = value("format") ?? "text";
    if (format === "json") console.log(JSON.stringify(versions, null, 2));
    else if (format === "text")
      console.log(`kontener ${own} (Bun ${Bun.version}, ${process.arch})`);
    else console.log(evaluate(parseTemplate(format), versions));
    return Promise.resolve(0);
  },
});
