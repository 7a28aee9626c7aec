import { parseChoice } from "../../spec/values.ts";
import { scripts } from "../completion/scripts.ts";
import { verb } from "../verb.ts";

export const completion = verb({
  synopsis: "completion bash|zsh|fish",
  summary:
    "Print what makes a shell complete verbs, flags and names: source <(kontener completion bash)",
  flags: [],
  words: [1, 1],
  run({ words }) {
    const shell = parseChoice("completion", words[0]!, ["bash", "zsh", "fish"]);
    process.stdout.write(scripts[shell]);
    return Promise.resolve(0);
  },
});
