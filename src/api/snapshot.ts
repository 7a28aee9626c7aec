import { existsSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import type { Container } from "../engine/container.ts";
import { standingStill } from "../engine/standing-still.ts";
import { copyTree } from "../image/copy-tree.ts";
import type { Image } from "../image/image.ts";
import { checkImageName, imageDirectory } from "../image/record.ts";
import { stageImage, withImageLock } from "../image/stage.ts";
import { findImage } from "../image/store.ts";
import { paths as statePaths } from "../linux/paths.ts";
import { hostRoot } from "../plan/user-namespace.ts";
import { overlayPaths } from "../oci/overlay.ts";
import { warn } from "./warn.ts";

const still = new WeakMap<Container, Promise<unknown>>();

/**
 * Does something while no process of the box runs: what is read then is of one moment, and no path in it changes. One after
 * the other: whoever is first ready would let the box go on under the others, and a link could lead them out of it.
 */
export async function whileFrozen<T>(container: Container, fn: () => Promise<T>): Promise<T> {
  const turn = (still.get(container) ?? Promise.resolve()).then(() =>
    standingStill(container.record.id, fn),
  );
  still.set(
    container,
    turn.catch(() => undefined),
  );
  return await turn;
}

/** The directory with what the box has written and removed, in overlayfs's own form. */
export function upperOf({ record, host }: Container): string {
  if (record.scratch === null || host.upperOnTmpfs)
    throw new KontenerError("what this box writes is in memory, where only the box sees it", {
      code: "UNSUPPORTED",
      hint: "set KONTENER_LIB to a directory on a disk: overlayfs does not nest",
    });
  return overlayPaths(record.scratch).upper;
}

/** The image that a box was started from, though its name may belong to another one by now. */
export const imageOf = ({ record }: Container): Promise<Image> =>
  findImage(record.imageId ?? record.image, statePaths());

/** Gives a box that is being born what another one has written: the form is overlayfs's, so removals come along. */
export const copyUpper = (from: Container, scratch: string): Promise<void> =>
  copyTree(upperOf(from), overlayPaths(scratch).upper, warn, true);

/** A new image of all that is in the box's root file system, with the configuration of its own image. */
export async function commit(container: Container, root: string, name: string): Promise<void> {
  const paths = statePaths();
  const { image, name: box } = container.record;
  checkImageName(name);
  const { config, mounts } = await imageOf(container);
  if (mounts.length > 0)
    throw new KontenerError(`image ${image} is mounted from the host: there is nothing to keep`, {
      code: "UNSUPPORTED",
      hint: "start the box from an image that is stored here",
    });
  await withImageLock(name, paths, async () => {
    if (name === "host" || name === "busybox" || existsSync(imageDirectory(name, paths)))
      throw new KontenerError(`there is an image ${name} already`, {
        code: "CONFLICT",
        hint: "choose another name: boxes may be using that image",
      });
    const record = { source: `box ${box} of ${image}`, created: new Date().toISOString(), config };
    await stageImage(name, paths, record, (rootfs) =>
      whileFrozen(container, () => copyTree(root, rootfs, warn, false, hostRoot(container.spec))),
    );
  });
}
