import { mkdirSync } from "node:fs";
import { layersDirectory, type StoredImage } from "../../../src/image/stored.ts";
import { call } from "../../../src/linux/libc.ts";
import type { Paths } from "../../../src/linux/paths.ts";
import { directoryFiles } from "../../../src/store/archive-files.ts";
import { layoutImages } from "../../../src/store/oci-layout.ts";
import { pullImage, type PullOptions } from "../../../src/store/pull.ts";
import { snapshot } from "../image-snapshot.ts";

export async function shell(script: string, cwd: string): Promise<string> {
  const child = Bun.spawn(["bash", "-euc", script], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const [out, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`${script}: ${complaints}`);
  return out;
}

/** The first image of a layout's directory, in the store. */
export async function pullLayout(
  directory: string,
  paths: Paths,
  options: Partial<PullOptions> = {},
): Promise<StoredImage> {
  const [first] = await layoutImages(directoryFiles(directory));
  return await pullImage(first!.source, { paths, ...options });
}

/** What a container sees of an image: its layers as overlayfs puts them together. */
export async function snapshotOf({ layers }: StoredImage, paths: Paths): Promise<string[]> {
  const place = `${paths.lib}/merged-${Bun.randomUUIDv7()}`;
  mkdirSync(place, { recursive: true });
  const names = layers.map(({ name }) => name).join(":");
  const options = layers.length === 1 ? `lowerdir=${names}:${place}` : `lowerdir=${names}`;
  await shell(`mount -t overlay overlay -o ${options} ${place}`, layersDirectory(paths));
  try {
    return snapshot(place);
  } finally {
    call("umount2", place, 0);
  }
}
