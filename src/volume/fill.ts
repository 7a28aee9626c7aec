import { closeSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { copyTree } from "../image/copy-tree.ts";
import { openMerged } from "../image/overlay.ts";
import { call } from "../linux/libc.ts";
import { openInRoot } from "../linux/open-in-root.ts";
import type { Paths } from "../linux/paths.ts";
import { dataOf, imagePlace, takeDown, volumeDirectory } from "./paths.ts";

const { O_PATH, O_DIRECTORY, O_CLOEXEC, O_RDONLY } =
  process.arch === "arm64" ? openFlagsArm64 : openFlags;

/**
 * What docker does at the first use of a volume: one that is empty gets what the image has in its place. `filling` is
 * there meanwhile, so that after a crash the copy begins again. Needs the lock of this volume ({@link whileFilling}).
 *
 * @param layers of the image, uppermost first
 */
export async function fillVolume(
  name: string,
  target: string,
  layers: readonly string[],
  paths: Paths,
  say: (line: string) => void,
): Promise<void> {
  const data = dataOf(name, paths);
  const filling = `${volumeDirectory(name, paths)}/filling`;
  if (existsSync(filling)) {
    for (const entry of readdirSync(data)) rmSync(`${data}/${entry}`, { recursive: true });
  } else if (readdirSync(data).length > 0) return;
  const root = openImage(layers, imagePlace(name, paths), paths);
  if (root < 0) return;
  try {
    const place = openInRoot(root, `.${target}`, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0) return; // the image has nothing there, or no directory
    writeFileSync(filling, "");
    try {
      await copyTree(`/proc/self/fd/${place}/.`, data, say);
      rmSync(filling);
    } finally {
      closeSync(place);
    }
  } finally {
    closeSync(root);
  }
}

/**
 * The root of an image as a container would see it. A mount of several layers is taken out of the tree at once; one that was
 * killed before that has left it at `place`: it goes first.
 */
function openImage(layers: readonly string[], place: string, paths: Paths): number {
  takeDown(place);
  const [only, second] = layers;
  if (only === undefined) return -1;
  if (second !== undefined) return openMerged(layers, place, paths);
  return call("openat", AT_FDCWD, only, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}
