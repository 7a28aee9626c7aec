import { tryCall } from "../linux/libc.ts";
import { tryRemoveDirectory } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { volumeData } from "../oci/volumes.ts";

export const volumesDirectory = (paths: Paths): string => `${paths.lib}/volumes`;
export const volumeDirectory = (name: string, paths: Paths): string =>
  `${volumesDirectory(paths)}/${name}`;
export const dataOf = (name: string, paths: Paths): string =>
  volumeData(volumesDirectory(paths), name);

const MNT_DETACH = 2;

/** Where the image is mounted for a moment while a volume is filled from it. */
export const imagePlace = (name: string, paths: Paths): string =>
  `${volumeDirectory(name, paths)}/image`;

/** Takes that mount away, with its place; what is not there is no error. */
export function takeDown(place: string): void {
  tryCall("umount2", place, MNT_DETACH);
  tryRemoveDirectory(place);
}
