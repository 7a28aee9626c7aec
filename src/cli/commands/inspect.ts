import { describeContainer } from "../../engine/describe.ts";
import { findContainer } from "../../engine/list.ts";
import { writtenBytes } from "../../engine/size.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseChoice } from "../../spec/values.ts";
import { oneByOne } from "../one-by-one.ts";
import { evaluate } from "../template/evaluate.ts";
import { parseTemplate } from "../template/parse.ts";
import { verb } from "../verb.ts";

export const inspect = verb({
  synopsis: "inspect [flags] CONTAINER…",
  summary: "Print all there is to know of containers, as JSON",
  flags: [
    {
      name: "format",
      short: "f",
      value: "json|TEMPLATE",
      help: "a template of Go's for each: '{{.State.Pid}}'",
    },
    { name: "size", short: "s", help: "also what each has written, in bytes" },
    { name: "type", value: "container", help: "what the words mean" },
  ],
  words: [1, Infinity],
  async run({ words, value, has }) {
    const paths = statePaths();
    parseChoice("--type", value("type") ?? "container", ["container"]);
    const format = value("format") ?? "json";
    const nodes = format === "json" ? undefined : parseTemplate(format);
    const found: unknown[] = [];
    const code = await oneByOne(words, async (word) => {
      const entry = findContainer(word, paths);
      const size = has("size") ? { SizeRw: writtenBytes(entry) } : {};
      const description = { ...(await describeContainer(entry)), ...size };
      if (nodes) console.log(evaluate(nodes, description));
      else found.push(description);
    });
    if (!nodes) console.log(JSON.stringify(found, null, 2));
    return code;
  },
});
