import { KontenerError } from "../../abi/error.ts";
import { hasHealthCheck } from "../../engine/health.ts";
import { findContainer } from "../../engine/list.ts";
import { probeHealth } from "../../engine/probe.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { group } from "../group.ts";
import { verb } from "../verb.ts";

const run = verb({
  synopsis: "healthcheck run CONTAINER",
  summary: "Probe a container's health now; the exit code is 0 where the probe went well, else 1",
  flags: [],
  words: [2, 2],
  async run({ words }) {
    const paths = statePaths();
    const entry = findContainer(words[1]!, paths);
    const { name } = entry.record;
    if (!hasHealthCheck(entry.directory))
      throw new KontenerError(`container ${name} has no health check, or was never started`, {
        code: "INVALID",
        hint: "kontener run --health-cmd COMMAND gives a container one",
      });
    const health = await probeHealth(entry, paths);
    const last = health?.Log.at(-1);
    if (last?.ExitCode === 0) return 0;
    console.log(health?.Status ?? "it has ended or was paused meanwhile");
    if (last?.Output) console.error(last.Output.trimEnd());
    return 1;
  },
});

export const healthcheck = group(
  "healthcheck",
  "Probe a container's health: healthcheck run NAME",
  {
    run,
  },
);
