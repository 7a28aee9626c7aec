import { startContainer, type Container, type StartRequest } from "../engine/container.ts";
import { collectGarbage } from "../engine/gc.ts";
import { readHost } from "../engine/host.ts";
import { requireRoot } from "../engine/run.ts";
import { findImage } from "../image/store.ts";
import { paths as statePaths } from "../linux/paths.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { warn } from "./warn.ts";

type Rest = Pick<StartRequest, "stdio" | "idle" | "spawned" | "signalsTo" | "prepared">;

/** Starts a container as `kontener run` does; what engines that were killed have left behind goes first. */
export async function start(options: ContainerOptions, rest: Rest): Promise<Container> {
  const paths = statePaths();
  const host = readHost(paths.lib);
  requireRoot(host.uid);
  await collectGarbage(paths);
  const image = await findImage(options.image, paths);
  try {
    return await startContainer({
      options,
      image,
      host,
      paths,
      executor: "launcher",
      observer: { warn },
      ...rest,
    });
  } catch (error) {
    throw (await import("../engine/advice.ts")).advise(error, host);
  }
}

/** Ends a container and takes away all that is left of it. */
export async function discard(container: Container): Promise<void> {
  await container.kill();
  await container.ended.catch(() => undefined);
  await container.remove();
}
