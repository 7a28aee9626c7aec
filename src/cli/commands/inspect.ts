import { findContainer, type Entry } from "../../engine/list.ts";
import { logFile } from "../../engine/logs.ts";
import { readSpec } from "../../engine/state.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { report } from "../report.ts";
import { verb } from "../verb.ts";

export const inspect = verb({
  synopsis: "inspect CONTAINER…",
  summary: "Print all there is to know of containers, as JSON",
  flags: [],
  words: [1, Infinity],
  async run({ words }) {
    const paths = statePaths();
    const found: unknown[] = [];
    let code = 0;
    for (const word of words) {
      try {
        found.push(await describe(findContainer(word, paths)));
      } catch (error) {
        await report(error);
        code = 1;
      }
    }
    console.log(JSON.stringify(found, null, 2));
    return code;
  },
});

/** docker's names where docker has the thing; `Options` is what it was made with, `Spec` the OCI specification. */
async function describe({ record, directory, status, state, exit, oomKilled }: Entry) {
  const spec = await readSpec(directory);
  const alive = status === "running" || status === "paused";
  const [path = "", ...args] = spec?.process.args ?? record.command;
  return {
    Id: record.id,
    Name: record.name,
    Created: record.created,
    Path: path,
    Args: args,
    State: {
      Status: status,
      Running: alive,
      Paused: status === "paused",
      OOMKilled: oomKilled,
      Pid: alive ? state?.pid : 0,
      ExitCode: exit?.code ?? 0,
      StartedAt: state?.started ?? null,
      FinishedAt: exit?.finished ?? null,
    },
    Image: record.image,
    LogPath: record.logs ? logFile(record.logs, "stdout") : null,
    HostConfig: { AutoRemove: record.autoRemove },
    NetworkSettings: { IPAddress: alive ? (state?.address ?? "") : "" },
    Options: record.options,
    Spec: spec ?? null,
  };
}
