import { invalid } from "../../abi/error.ts";
import { copy } from "../../engine/copy.ts";
import { parseSide, type Side } from "../../engine/copy-target.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { findContainer, isRunning, type Entry } from "../../engine/list.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { say } from "../report.ts";
import { writeFully } from "../stderr.ts";
import { isTerminal } from "../terminal.ts";
import { verb } from "../verb.ts";

export const cp = verb({
  synopsis: "cp [flags] CONTAINER:PATH PATH|-, or PATH|- CONTAINER:PATH",
  summary: "Copy files out of a container or into one; - is a tar stream",
  flags: [
    { name: "archive", short: "a", help: "keep the owners, by their numbers" },
    { name: "follow-link", short: "L", help: "copy what a link leads to, not the link" },
    { name: "quiet", short: "q", help: "do not tell of what is left out" },
  ],
  words: [2, 2],
  async run({ words: [first = "", second = ""], has }) {
    const paths = statePaths();
    const [from, to] = [parseSide(first), parseSide(second)];
    if ((from.kind === "container") === (to.kind === "container"))
      throw invalid(
        "one of the two is in a container: CONTAINER:PATH",
        "kontener cp web:/etc/hosts .",
      );
    if (to.kind === "stream" && isTerminal(1))
      throw invalid("a tar stream is not for a terminal", "kontener cp NAME:PATH - | tar -tv");
    const entryOf = (side: Side) =>
      side.kind === "container" ? findContainer(side.container, paths) : undefined;
    const options = {
      keepOwners: has("archive"),
      follow: has("follow-link"),
      say: has("quiet") ? () => undefined : say,
      input: Bun.stdin.stream(),
      output: (bytes: Uint8Array) => writeFully(1, bytes),
    };
    const perform = (entry: Entry) =>
      from.kind === "container"
        ? copy({ ...from, entry }, to, options, paths)
        : copy(from, { ...to, entry }, options, paths);
    const entry = (entryOf(from) ?? entryOf(to))!;
    // One that runs may be stopped or removed meanwhile; one that does not must not be started.
    await (isRunning(entry.status) ? perform(entry) : exclusively(entry, paths, perform));
    return 0;
  },
});
