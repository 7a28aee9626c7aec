import { paths as statePaths } from "../linux/paths.ts";
import type { EngineOptions } from "../spec/engine-options.ts";
import type { ContainerOptions } from "../spec/options.ts";
import type { Observer } from "./birth.ts";
import type { DetachedOptions, DetachedRequest } from "./detached.ts";
import { collectGarbage } from "./gc.ts";
import { readHost } from "./host.ts";
import type { Record } from "./record.ts";
import { chooseImage, requireRoot } from "./run.ts";

/** `run -d` and `create`: a container that outlives this process. Fulfilled when its command runs. Needs root. */
export async function runDetached(
  options: ContainerOptions,
  engine: EngineOptions,
  observer: Observer,
  verb: "run" | "create" = "run",
): Promise<Record> {
  const paths = statePaths();
  const host = readHost(paths.lib);
  requireRoot(host.uid);
  for (const id of await collectGarbage(paths))
    observer.warn(`removed what container ${id} had left behind`);
  const image = await chooseImage(options, engine, paths, observer);
  const request: DetachedRequest = { options, image, host, paths, observer };
  const more: DetachedOptions = {
    autoRemove: engine.autoRemove ?? false,
    restart: engine.restart,
    ...(engine.logs ? { logs: engine.logs } : {}),
  };
  const { createDetached, startDetached } = await import("./detached.ts");
  try {
    return verb === "create" ? createDetached(request, more) : await startDetached(request, more);
  } catch (error) {
    throw (await import("./advice.ts")).advise(error, host);
  }
}
