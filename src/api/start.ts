import { startContainer, type Container, type StartRequest } from "../engine/container.ts";
import { collectGarbage } from "../engine/gc.ts";
import { readHost } from "../engine/host.ts";
import { requireRoot } from "../engine/run.ts";
import type { Image } from "../image/image.ts";
import { paths as statePaths } from "../linux/paths.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { warn } from "./warn.ts";

/** What a start needs to know; what engines that were killed have left behind goes first. */
async function ready(options: ContainerOptions, image: Image) {
  const paths = statePaths();
  const host = readHost(paths.lib);
  requireRoot(host.uid);
  await collectGarbage(paths);
  return { options, paths, host, image, observer: { warn } };
}

type Rest = Pick<StartRequest, "stdio" | "idle" | "spawned" | "signalsTo" | "prepared">;

/** Starts a container as `kontener run` does. */
export async function start(
  options: ContainerOptions,
  image: Image,
  rest: Rest,
): Promise<Container> {
  const request = await ready(options, image);
  try {
    return await startContainer({ ...request, executor: "launcher", ...rest });
  } catch (error) {
    throw (await import("../engine/advice.ts")).advise(error, request.host);
  }
}

/** Starts one that outlives this process, PID 1 asleep, as `kontener run -d` does. */
export async function startDetached(options: ContainerOptions, image: Image): Promise<Container> {
  const request = await ready(options, image);
  const detached = await import("../engine/detached.ts");
  try {
    const { id } = await detached.startDetached({ ...request, idle: true });
    return await findRunning(id);
  } catch (error) {
    throw (await import("../engine/advice.ts")).advise(error, request.host);
  }
}

/** A running container that this process need not have started, by its name, its id, or the beginning of its id. */
export async function findRunning(word: string): Promise<Container> {
  const paths = statePaths();
  const { findContainer } = await import("../engine/list.ts");
  const { runningContainer } = await import("../engine/running.ts");
  return await runningContainer(findContainer(word, paths), paths);
}

/** Ends a container that this process does not look after itself, and takes away all that is left of it. */
export async function discardDetached({ record }: Container): Promise<void> {
  const paths = statePaths();
  const { readEntry } = await import("../engine/list.ts");
  const { deleteContainer } = await import("../engine/delete.ts");
  const entry = readEntry(record.id, paths);
  if (entry) await deleteContainer(entry, paths, true); // else somebody else was faster
}

/** Ends a container, unless it has `ended`, and takes away all that is left of it. */
export async function discard(container: Container, ended = false): Promise<void> {
  if (!ended) await container.kill();
  await container.ended.catch(() => undefined);
  await container.remove();
}
