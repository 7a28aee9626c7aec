import { KontenerError } from "../abi/error.ts";
import type { Image } from "../image/image.ts";
import { findImage } from "../image/store.ts";
import { paths as statePaths, type Paths } from "../linux/paths.ts";
import type { EngineOptions } from "../spec/engine-options.ts";
import type { ContainerOptions } from "../spec/options.ts";
import type { Observer } from "./birth.ts";
import { runContainer, type Result } from "./foreground.ts";
import { collectGarbage } from "./gc.ts";
import { readHost } from "./host.ts";

/** A root file system that is used as it is: `--rootfs DIR`. */
export const bareImage = (directory: string): Image => ({
  name: directory,
  layers: [],
  mounts: [],
  config: { Cmd: ["/bin/sh"] },
});

/** `kontener run`, less what is printed: see `cli/commands/run.ts`. Needs root. */
export async function run(
  options: ContainerOptions,
  engine: EngineOptions,
  observer: Observer,
): Promise<Result> {
  const paths = statePaths();
  const host = readHost(paths.lib);
  requireRoot(host.uid);
  for (const id of await collectGarbage(paths))
    observer.warn(`removed what container ${id} had left behind`);
  const image = await chooseImage(options, engine, paths, observer);
  try {
    return await runContainer({ options, image, host, paths, executor: engine.executor, observer });
  } catch (error) {
    throw (await import("./advice.ts")).advise(error, host);
  }
}

export function requireRoot(uid: number): void {
  if (uid === 0) return;
  throw new KontenerError(`containers are started by root for now, and this is user ${uid}`, {
    code: "UNSUPPORTED",
    hint: "try again with sudo; --dry-run shows the plan without root",
  });
}

export async function chooseImage(
  options: ContainerOptions,
  engine: EngineOptions,
  paths: Paths,
  observer: Observer,
): Promise<Image> {
  if (options.rootfs !== undefined) return bareImage(options.rootfs);
  if (engine.fallbackImage !== undefined) {
    const { defaultImage } = await import("../image/default.ts");
    return await defaultImage(paths, observer.warn);
  }
  return await findImage(options.image, paths);
}
