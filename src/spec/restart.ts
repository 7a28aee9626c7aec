import { invalid } from "../abi/error.ts";
import { parseChoice, parseInteger } from "./values.ts";

/** When a container that has ended is started again; `most`: how often at most, null for ever. */
export type RestartPolicy = {
  when: "on-failure" | "always" | "unless-stopped";
  most: number | null;
};

/** docker's `--restart`; undefined for `no`. */
export function parseRestart(flag: string, text: string): RestartPolicy | undefined {
  const at = text.indexOf(":");
  const word = at < 0 ? text : text.slice(0, at);
  const when = parseChoice(flag, word, ["no", "on-failure", "always", "unless-stopped"]);
  if (at >= 0 && when !== "on-failure")
    throw invalid(`${flag} ${when} takes no number of times`, `${flag} on-failure:3`);
  if (when === "no") return undefined;
  return { when, most: at < 0 ? null : parseInteger(flag, text.slice(at + 1), 0, 1_000_000) };
}
