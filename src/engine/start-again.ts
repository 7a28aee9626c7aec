import { KontenerError } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import type { Observer } from "./birth.ts";
import { startHeld } from "./detached.ts";
import { takeAbandoned, tidy } from "./gc.ts";
import { readHost } from "./host.ts";
import type { Entry } from "./list.ts";
import { bareImage } from "./run.ts";
import { unlock } from "../linux/file-lock.ts";

/**
 * Starts a container that was created, or that has ended: with its files as they are, and what it was made with. One that
 * runs is left alone, as in docker. A start that fails leaves the container as it was.
 */
export async function startAgain(
  entry: Entry,
  paths: Paths,
  observer: Observer,
  attached?: (writer: number) => void,
): Promise<void> {
  const { record, status } = entry;
  if (status === "running" || status === "paused") return;
  await tidy(record.id, paths); // one that has just ended: its address and its control group go back first
  const held = await takeAbandoned(record.id, paths);
  if (!held)
    throw new KontenerError(`container ${record.name} is held by another kontener`, {
      code: "CONFLICT",
      hint: "try again",
      exitCode: 1,
    });
  const host = readHost(paths.lib);
  const { options } = record;
  try {
    const image =
      options.rootfs === undefined
        ? await (
            await import("../image/store.ts")
          ).findImage(record.imageId ?? options.image, paths)
        : bareImage(options.rootfs);
    await startHeld({ options, image, host, paths, observer, attached }, held);
  } catch (error) {
    unlock(held.lockFd);
    await tidy(record.id, paths);
    throw (await import("./advice.ts")).advise(error, host);
  }
}
