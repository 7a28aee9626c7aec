import type { Image } from "../image/image.ts";
import { paths as statePaths, type Paths } from "../linux/paths.ts";
import { networkMode } from "../spec/network.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { readHost } from "./host.ts";
import { newHostname, newId } from "./id.ts";
import { imagineIdRange } from "./id-range.ts";
import { imagineCable } from "./network.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { bareImage } from "./run.ts";

/** `--dry-run`: the specification and the plan of a start that does not happen. Needs no root, and no image but its name. */
export async function planRun(options: ContainerOptions): Promise<Prepared> {
  const paths = statePaths();
  const id = newId();
  const image = await imagineImage(options, paths);
  const cabled = networkMode(options).mode === "cables";
  return await prepare({
    id,
    options,
    hostname: options.hostname ?? newHostname(),
    image,
    cable: cabled ? await imagineCable(id, options, paths, image.config) : undefined,
    idRange: imagineIdRange(options),
    scratch: `${paths.lib}/containers/${id}`,
    host: readHost(paths.lib),
    paths,
  });
}

/** An image that is not provisioned yet is taken to be where it would be. */
async function imagineImage(options: ContainerOptions, paths: Paths): Promise<Image> {
  if (options.rootfs !== undefined) return bareImage(options.rootfs);
  const { findImage, knownImage } = await import("../image/store.ts");
  // `host` is made of this host's own directories: there is nothing to write but a small /etc.
  if (options.image === "host") return await findImage("host", paths);
  const layers = [`${paths.lib}/images/${options.image}/rootfs`];
  return (await knownImage(options.image, paths)) ?? { ...bareImage(options.image), layers };
}
