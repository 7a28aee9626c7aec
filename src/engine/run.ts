import { KontenerError } from "../abi/error.ts";
import type { Image } from "../image/image.ts";
import { paths as statePaths, type Paths } from "../linux/paths.ts";
import type { EngineOptions } from "../spec/engine-options.ts";
import type { ContainerOptions } from "../spec/options.ts";
import type { Observer } from "./birth.ts";
import { runContainer, type Result } from "./foreground.ts";
import { collectGarbage } from "./gc.ts";
import { readHost } from "./host.ts";
import { newHostname, newId } from "./id.ts";
import { imagineCable } from "./network.ts";
import { prepare, type Prepared } from "./prepare.ts";

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

/** `--dry-run`: the specification and the plan of a start that does not happen. Needs no root, and no image but its name. */
export async function planRun(options: ContainerOptions): Promise<Prepared> {
  const paths = statePaths();
  const id = newId();
  return await prepare({
    id,
    options,
    hostname: options.hostname ?? newHostname(),
    image: await imagineImage(options, paths),
    cable: (options.network ?? "bridge") === "bridge" ? imagineCable(id, options) : undefined,
    scratch: `${paths.lib}/containers/${id}`,
    host: readHost(paths.lib),
    paths,
  });
}

/** An image that is not provisioned yet is taken to be where it would be. */
async function imagineImage(options: ContainerOptions, paths: Paths): Promise<Image> {
  if (options.rootfs !== undefined) return bareImage(options.rootfs);
  const { findImage, storedImage } = await import("../image/store.ts");
  // `host` is made of this host's own directories: there is nothing to write but a small /etc.
  if (options.image === "host") return await findImage("host", paths);
  const layers = [`${paths.lib}/images/${options.image}/rootfs`];
  return storedImage(options.image, paths) ?? { ...bareImage(options.image), layers };
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
  const { findImage } = await import("../image/store.ts");
  return await findImage(options.image, paths);
}
