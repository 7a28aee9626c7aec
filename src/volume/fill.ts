import { closeSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { copyTree } from "../image/copy-tree.ts";
import { call, failure, tryCall } from "../linux/libc.ts";
import { openInRoot } from "../linux/open-in-root.ts";
import type { Paths } from "../linux/paths.ts";
import { dataOf, imagePlace, takeDown, volumeDirectory } from "./paths.ts";

const { O_PATH, O_DIRECTORY, O_CLOEXEC, O_RDONLY } =
  process.arch === "arm64" ? openFlagsArm64 : openFlags;
const MS_RDONLY = 1;

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
  const root = openImage(layers, imagePlace(name, paths));
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
 * The root of an image as a container would see it. Several layers are mounted over each other and taken out of the tree at
 * once: the mount lives as long as the descriptor. One that was killed between the two has left it at `place`: it goes first.
 */
function openImage(layers: readonly string[], place: string): number {
  takeDown(place);
  const [only, second] = layers;
  if (only === undefined) return -1;
  const open = (path: string) =>
    call("openat", AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (second === undefined) return open(only);
  mkdirSync(place, { recursive: true });
  // Relative names where all lie together: more of them fit into mount(2)'s page.
  const together = dirname(only);
  const lower = layers.map((layer) =>
    dirname(layer) === together ? layer.slice(together.length + 1) : layer,
  );
  const here = open(".");
  try {
    call("chdir", together);
    const mount = ["overlay", place, "overlay", MS_RDONLY, `lowerdir=${lower.join(":")}`] as const;
    const mounted = tryCall("mount", ...mount);
    call("fchdir", here);
    if (mounted < 0) throw failure(mounted, "mount", ...mount);
    try {
      return open(place);
    } finally {
      takeDown(place);
    }
  } finally {
    closeSync(here);
  }
}
