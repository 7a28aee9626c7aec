import { collectGarbage, findGarbage } from "../../engine/gc.ts";
import { deleteContainer } from "../../engine/delete.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { listContainers } from "../../engine/list.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseChoice } from "../../spec/values.ts";
import { oneByOne } from "../one-by-one.ts";
import { errorText, say } from "../report.ts";
import { verb } from "../verb.ts";

export const container = verb({
  synopsis: "container gc|prune [flags]",
  summary: "gc: undo what died without cleaning up; prune: remove all containers that do not run",
  flags: [{ name: "dry-run", help: "say what there is to do and do nothing" }],
  words: [1, 1],
  async run({ words, has }) {
    const action = parseChoice("container", words[0]!, ["gc", "prune"]);
    return await (action === "gc" ? gc(has("dry-run")) : prune(has("dry-run")));
  },
});

async function gc(dryRun: boolean): Promise<number> {
  const paths = statePaths();
  const found = await findGarbage(paths);
  if (!dryRun) await collectGarbage(paths);
  const [removed, settled] = dryRun ? ["would remove", "would settle"] : ["removed", "settled"];
  for (const { id, name, kept } of found)
    console.log(
      kept
        ? `${settled} ${id} ${name}: it has ended; its control group, cable and address go back`
        : `${removed} ${id} ${name}: nobody looks after it any more`,
    );
  if (found.length === 0) console.log("nothing to do");
  return 0;
}

async function prune(dryRun: boolean): Promise<number> {
  const paths = statePaths();
  const all = listContainers(paths, (e) => say(errorText(e, false).message));
  // One in the foreground is about to be removed by its engine.
  const ended = all.filter(
    ({ status, record }) => (status === "exited" || status === "created") && record.detached,
  );
  return await oneByOne(ended, async (entry) => {
    if (!dryRun) await exclusively(entry, paths, (now) => deleteContainer(now, paths, false));
    console.log(entry.record.id);
  });
}
