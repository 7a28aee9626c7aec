import type { Entry } from "../engine/list.ts";
import { ownLayer } from "../engine/own-layer.ts";
import { standingStill } from "../engine/standing-still.ts";
import type { StoredImage } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import { wholeName } from "../oci/reference.ts";
import { addImage } from "../store/add.ts";
import { adding } from "../store/lock.ts";
import { openBase } from "./base.ts";
import { applyChanges } from "./changes.ts";
import { layerOfUpper } from "./upper-layer.ts";

export type CommitOptions = {
  /** The image's name; without one it has only its id. */
  name?: string;
  /** Instructions of a Dockerfile. */
  changes: readonly string[];
  message?: string;
  author?: string;
  /** Its processes stand still meanwhile. */
  pause: boolean;
  say(line: string): void;
};

/**
 * A new image: that of the container, and over it a layer with what the container has written and deleted.
 *
 * @throws KontenerError UNSUPPORTED where the container's files are not on the disk
 */
export async function commitContainer(
  entry: Entry,
  paths: Paths,
  options: CommitOptions,
): Promise<StoredImage> {
  const tags = options.name === undefined ? [] : [wholeName(options.name)];
  const { record, status } = entry;
  const { spec, upper } = await ownLayer(entry);
  return await adding(paths, async () => {
    // Not by its name alone, which may be another image's by now.
    const { imageId, image } = record;
    const { file, layers } = await openBase(imageId ?? image, paths, options.say);
    const config = applyChanges(file.config ?? {}, options.changes);
    const make = () => layerOfUpper(upper, { paths, below: layers, say: options.say }, spec);
    const pause = options.pause && status === "running";
    const layer = pause ? await standingStill(record.id, make) : await make();
    const created = new Date().toISOString();
    const { author = file.author, message } = options;
    const entry = {
      created,
      created_by: record.command.join(" "),
      ...(options.author === undefined ? {} : { author: options.author }),
      ...(message === undefined ? {} : { comment: message }),
      ...(layer ? {} : { empty_layer: true }),
    };
    return await addImage(
      {
        ...file,
        created,
        ...(author === undefined ? {} : { author }),
        config,
        history: [...(file.history ?? []), entry],
      },
      layer ? [...layers, layer] : layers,
      tags,
      paths,
    );
  });
}
