import { KontenerError } from "../abi/error.ts";
import type { Image } from "../image/image.ts";
import type { Paths } from "../linux/paths.ts";
import { namedMounts, type VolumeMount } from "../oci/volumes.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { deleteVolume, ensureVolume, whileFilling, withVolumes } from "../volume/store.ts";
import { listRecords, readRecord, type Record } from "./record.ts";

/** Makes the volumes of a container that is about to start, and fills those that are new and empty from its image. */
export async function makeVolumes(
  id: string,
  options: ContainerOptions,
  image: Image,
  paths: Paths,
  warn: (text: string) => void,
): Promise<void> {
  const volumes = namedMounts(options, image.config, id).filter(isVolume);
  if (volumes.length === 0) return;
  const { fillVolume } = await import("../volume/fill.ts");
  const layers = options.rootfs === undefined ? image.layers : [options.rootfs];
  for (const { name, target, noCopy } of volumes) {
    await withVolumes(paths, () => ensureVolume(name, paths));
    if (!noCopy)
      await whileFilling(name, paths, () => fillVolume(name, target, layers, paths, warn));
  }
}

const isVolume = (mount: { type: string }): mount is VolumeMount => mount.type === "volume";

/** Takes away the volumes that a container brought along, but none that another container has by its name. */
export async function removeOwnVolumes({ id, volumes }: Record, paths: Paths): Promise<void> {
  await withVolumes(paths, async () => {
    for (const name of volumes)
      if ((await usersOf(name, paths, id)).length === 0) deleteVolume(name, paths);
  });
}

/** The containers that a volume belongs to, running or not. A record that cannot be read counts as one that does not. */
export async function usersOf(name: string, paths: Paths, but?: string): Promise<string[]> {
  const users: string[] = [];
  for (const id of listRecords(paths)) {
    if (id === but) continue;
    const record = await readRecord(id, paths).catch(() => undefined);
    if (!record) continue;
    const named = record.options.mounts?.some((m) => m.type === "volume" && m.name === name);
    if (named || record.volumes.includes(name)) users.push(record.name);
  }
  return users;
}

export const noVolume = (name: string): KontenerError =>
  new KontenerError(`no volume ${JSON.stringify(name)}`, {
    code: "NOT_FOUND",
    hint: "kontener volume ls lists them",
    exitCode: 1,
  });

/** `volume rm`; false where there is none. @throws KontenerError `CONFLICT` where containers have it */
export async function removeVolume(name: string, paths: Paths): Promise<boolean> {
  return await withVolumes(paths, async () => {
    const users = await usersOf(name, paths);
    if (users.length > 0)
      throw new KontenerError(`volume ${name} belongs to container ${users.join(", ")}`, {
        code: "CONFLICT",
        hint: `remove it first: kontener rm ${users.join(" ")}`,
        exitCode: 1,
      });
    return deleteVolume(name, paths);
  });
}
